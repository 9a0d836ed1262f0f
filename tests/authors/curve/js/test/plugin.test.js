import assert from 'node:assert/strict';
import test from 'node:test';

import { curve } from '../src/curve.js';

test('the table is laid over the picture', () => {
  const image = { width: 1, height: 1, format: 'rgba8', pixels: Uint8Array.from([0, 100, 255, 7]) };
  assert.throws(() => curve(() => undefined).apply({}, image), /has no 256 values/);
  const opposite = Uint8Array.from({ length: 256 }, (_, value) => 255 - value);
  assert.deepEqual([...curve(() => opposite).apply({}, image).image.pixels], [255, 155, 0, 7]);
});
