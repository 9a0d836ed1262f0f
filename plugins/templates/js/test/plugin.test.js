import assert from 'node:assert/strict';
import test from 'node:test';

import { transform } from '../src/plugin.js';

const view = { full: { width: 1, height: 1 }, region: { x: 0, y: 0, width: 1, height: 1 } };
const run = (params, format, pixels) => {
  const call = { transform: '{{transform}}', params: JSON.stringify(params), images: [] };
  const image = { width: 1, height: 1, format, pixels: Uint8Array.from(pixels) };
  return [...transform.apply([call], image, view).image.pixels];
};

test('colours become their opposites and alpha stays', () => {
  assert.deepEqual(run({}, 'rgba8', [0, 100, 255, 7]), [255, 155, 0, 7]);
  assert.deepEqual(run({ amount: 0 }, 'rgb8', [1, 2, 3]), [1, 2, 3]);
  assert.deepEqual(run({ amount: 0.5 }, 'gray8', [0]), [128]);
});

test('the size stays', () => {
  const call = { transform: '{{transform}}', params: '{}', images: [] };
  assert.deepEqual(transform.plan(call, { width: 3, height: 2 }).output, { width: 3, height: 2 });
});
