import { defineBundle, operation, z } from '@switchyard/bundle-sdk';

const props = z.object({
  greeting: z.string().default('Hello').describe('The first word of every greeting'),
});

export default defineBundle({
  id: 'my-bundle',
  name: 'My bundle',
  props,

  operations: {
    // switchyard ops call my-bundle greet name=Ada
    greet: operation({
      description: 'Greets somebody by name.',
      props,
      input: z.object({ name: z.string().min(1) }),
      output: z.object({ text: z.string() }),
      run: (ctx, { name }) => ({ text: `${ctx.props.greeting}, ${name}!` }),
    }),
    // A GET takes its input from the query.
    count: operation({
      description: 'Counts the words of a text.',
      method: 'GET',
      input: z.object({ text: z.string() }),
      output: z.object({ words: z.number() }),
      run: (_ctx, { text }) => ({ words: text.split(/\s+/u).filter((word) => word !== '').length }),
    }),
  },
});
