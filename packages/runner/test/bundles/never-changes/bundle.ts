import { defineBundle, z } from '@switchyard/bundle-sdk';

/** Loads with any word, and never takes another one. */
export default defineBundle({
  id: 'never-changes',
  name: 'Never changes',
  props: z.object({ word: z.string().default('first') }),
  onPropsChanged: () => new Promise<void>(() => undefined),
  executeCore: (turn) => turn.delta(turn.props.word),
});
