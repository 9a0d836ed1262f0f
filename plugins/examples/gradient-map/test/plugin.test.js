import assert from 'node:assert/strict';
import test from 'node:test';

import { gradientMap } from '../src/plugin.js';

const colors = ['#000000', '#ff0000', '#ffffff'];

test('black and white get the ends, and the middle lies between', () => {
  const pixels = Uint8Array.from([0, 0, 0, 255, 255, 255, 127, 127, 127]);
  const { image } = gradientMap.apply({ colors }, { width: 3, height: 1, format: 'rgb8', pixels });
  assert.deepEqual([...image.pixels], [0, 0, 0, 255, 255, 255, 254, 0, 0]);
});

test('a gradient of one colour is refused', () => {
  assert.throws(() => gradientMap.plan({ colors: ['#111111', '#111111'] }, {}), /expected colours that differ/);
});
