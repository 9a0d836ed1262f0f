import { BYTES, plugin } from './safelight.js';

/** Turns colours into their opposites, as far as `amount` says; alpha stays. */
export const invert = {
  name: '{{transform}}',
  summary: 'Turns colours into their opposites.',
  schema: {
    type: 'object',
    additionalProperties: false,
    properties: {
      amount: {
        type: 'number',
        minimum: 0,
        maximum: 1,
        default: 1,
        description: '0 leaves the picture as it is, 1 gives the opposite of every colour.',
      },
    },
  },
  apply: ({ amount }, image) => {
    const { format, pixels } = image;
    const table = Uint8Array.from({ length: 256 }, (_, value) => Math.round(value + (255 - 2 * value) * amount));
    const step = BYTES[format];
    const colours = format === 'rgba8' ? 3 : step;
    for (let at = 0; at < pixels.length; at += step) {
      for (let channel = 0; channel < colours; channel += 1) {
        pixels[at + channel] = table[pixels[at + channel]];
      }
    }
    return { image };
  },
};

export const transform = plugin(
  { name: '{{name}}', version: '0.1.0', license: 'Apache-2.0', summary: 'Turns colours into their opposites.' },
  [invert],
);
