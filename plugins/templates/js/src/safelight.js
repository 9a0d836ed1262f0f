// What stands between your transforms and the world `safelight:plugin/transformer`. You need not change it.

/** Bytes of a pixel: gray8 is luma, rgb8 red, green and blue, rgba8 also alpha (straight, 255 is opaque). */
export const BYTES = { gray8: 1, rgb8: 3, rgba8: 4 };

/**
 * Refuses a call; `field` names the parameter, or is empty.
 * Message: what came and what was expected, as in "is -3, expected a number from 0 to 250".
 */
export class Refusal extends Error {
  constructor(field, message) {
    super(message);
    this.field = field;
  }
}

const fail = (call, reason) => {
  // The binding makes the `error` of a result out of an exception with a payload.
  throw Object.assign(new Error(JSON.stringify(reason)), { payload: { call, reason } });
};

const guarded = (call, work) => {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return fail(call, { tag: 'invalid-params', val: { field: error.field, message: error.message } });
  }
};

/** The parameters with the schema's defaults. */
const filled = (transform, text) => {
  const params = {};
  for (const [name, property] of Object.entries(transform.schema.properties ?? {})) {
    if (property.default !== undefined) params[name] = property.default;
  }
  return Object.assign(params, JSON.parse(text));
};

/**
 * The exports of a plugin.
 *
 * about: `{name, version, license, summary, needs?}`. Each need asks the operator for a file to read,
 * `{kind: 'font' | 'table' | 'model', name, optional?, summary}`; the name `*` asks for all of the kind. What was granted
 * is there in the modules `safelight:plugin/fonts@0.2.0`, `tables` and `models`. Only a component can import them: do that
 * in `plugin.js`, and hand over to transforms in other files what they use.
 * Each transform: `{name, kind?, summary, schema, formats?, plan?, apply}`, where
 * `plan(params, {width, height}, call)` gives the result's size (the input's, if there is no `plan`), and
 * `apply(params, image, {call, view})` gives `{image}`, `{image, data}`, or `{data}` if the kind is `analyze`.
 * An image is `{width, height, format, pixels}`: rows from the top, pixels from the left, a Uint8Array.
 */
export function plugin({ needs = [], ...about }, transforms) {
  const find = (name, call) => {
    const found = transforms.find((transform) => transform.name === name);
    return found ?? fail(call, { tag: 'unknown-transform' });
  };
  return {
    describe: () => ({
      ...about,
      transforms: transforms.map((transform) => ({
        name: transform.name,
        kind: transform.kind ?? 'filter',
        summary: transform.summary,
        schema: JSON.stringify(transform.schema),
        formats: transform.formats ?? ['rgba8', 'rgb8', 'gray8'],
      })),
      needs: needs.map((need) => ({ optional: false, ...need })),
    }),
    plan: (call, input) => {
      const transform = find(call.transform, 0);
      return guarded(0, () => {
        const params = filled(transform, call.params);
        return { output: transform.plan ? transform.plan(params, input, call) : input };
      });
    },
    arrange: (call) => fail(0, { tag: 'other', val: `${call.transform} arranges no frames` }),
    apply: (calls, input, view) => {
      let image = input;
      let made = false;
      const data = calls.map((call, index) => {
        const transform = find(call.transform, index);
        return guarded(index, () => {
          const found = transform.apply(filled(transform, call.params), image, { call, view });
          if (transform.kind !== 'analyze') {
            image = found.image;
            made = true;
          }
          return found.data === undefined ? undefined : JSON.stringify(found.data);
        });
      });
      return { image: made ? image : undefined, data };
    },
  };
}
