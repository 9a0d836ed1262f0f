import { BYTES, Refusal, plugin } from './safelight.js';

const parse = (color) => [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16));

/** The colour of each of 256 levels, along stops that lie evenly. */
const ramp = (colors) => {
  const stops = colors.map(parse);
  return Array.from({ length: 256 }, (_, level) => {
    const at = (level / 255) * (stops.length - 1);
    const left = Math.min(Math.floor(at), stops.length - 2);
    return stops[left].map((from, channel) => Math.round(from + (stops[left + 1][channel] - from) * (at - left)));
  });
};

export const gradientMap = {
  name: 'gradient_map',
  summary: 'Gives every luma a colour of a gradient, the first to black and the last to white.',
  formats: ['rgba8', 'rgb8'],
  schema: {
    type: 'object',
    additionalProperties: false,
    properties: {
      colors: {
        type: 'array',
        items: { type: 'string', pattern: '^#[0-9a-f]{6}$' },
        minItems: 2,
        maxItems: 16,
        default: ['#101030', '#e06040', '#fff0c0'],
        description: 'The colours of the gradient, two at least, as #rrggbb.',
      },
    },
  },
  plan: ({ colors }, input) => {
    if (colors.every((color) => color === colors[0])) {
      throw new Refusal('colors', `is ${colors.length} times ${colors[0]}, expected colours that differ`);
    }
    return input;
  },
  apply: ({ colors }, image) => {
    const { format, pixels } = image;
    const step = BYTES[format];
    const table = ramp(colors);
    for (let at = 0; at < pixels.length; at += step) {
      // ITU-R BT.709, luma of R'G'B'.
      const luma = 0.2126 * pixels[at] + 0.7152 * pixels[at + 1] + 0.0722 * pixels[at + 2];
      const [red, green, blue] = table[Math.round(luma)];
      pixels[at] = red;
      pixels[at + 1] = green;
      pixels[at + 2] = blue;
    }
    return { image };
  },
};

export const transform = plugin(
  { name: 'gradient-map', version: '0.1.0', license: 'Apache-2.0', summary: 'Gradient maps.' },
  [gradientMap],
);
