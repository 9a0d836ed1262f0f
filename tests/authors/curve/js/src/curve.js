import { Refusal } from './safelight.js';

/** Every value of gray, red, green and blue by the operator's table of 256 values. */
export const curve = (load) => ({
  name: 'curve',
  summary: "Lays the operator's curve over a picture.",
  schema: { type: 'object', additionalProperties: false, properties: {} },
  apply: (params, image) => {
    const table = load('curve');
    if (table?.length !== 256) throw new Refusal('', 'the table curve has no 256 values');
    const pixels = image.pixels.map((value, at) => (image.format === 'rgba8' && at % 4 === 3 ? value : table[value]));
    return { image: { ...image, pixels } };
  },
});
