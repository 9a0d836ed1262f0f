import { load } from 'safelight:plugin/tables@0.2.0';

import { curve } from './curve.js';
import { plugin } from './safelight.js';

export const transform = plugin(
  {
    name: 'curve',
    version: '1.0.0',
    license: 'Apache-2.0',
    summary: 'Curves.',
    needs: [{ kind: 'table', name: 'curve', summary: 'The curve.' }],
  },
  [curve(load)],
);
