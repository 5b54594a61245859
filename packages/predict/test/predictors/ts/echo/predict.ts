import { predictor, secretText, z } from '@switchyard/bundle-sdk';

export default predictor({
  input: z.object({
    i: z.int().min(0).max(100).default(1).describe('A number'),
    f: z.number().default(0.5),
    b: z.boolean().default(false),
    s: z.string().min(3).max(8).default('foo1'),
    r: z.string().regex(/foo.*/).default('foo'),
    c: z.enum(['foo', 'bar']).default('foo'),
    opt: z.string().nullable().default(null),
    xs: z.array(z.int()).default(() => []),
    d: z.record(z.string(), z.unknown()).default(() => ({})),
    key: secretText().optional(),
  }),
  output: z.record(z.string(), z.unknown()),
  setup: () => console.log('setting up'),
  predict({ key, xs, ...rest }, ctx) {
    const value = key?.reveal() ?? 'none';
    console.log(`key is ${String(key)}, its value is ${value}`);
    xs.push(1);
    return { ...rest, xs, key_length: value.length, context: ctx.context };
  },
});
