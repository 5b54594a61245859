import { openBundle } from '@switchyard/bundle-sdk/testing';
import { expect, test } from 'vitest';

test('greets word by word, counts, and stops when asked', async () => {
  await using bundle = await openBundle('./bundle.ts');
  const turn = await bundle.turn('Hello!', { user: { username: 'Grace' } });
  expect(turn.answer).toBe('Hello, Grace! I am the smallest bundle there is.');
  expect(turn.result['followups']).toEqual(['Count to 50', 'Hello again!']);
  expect(turn.steps.map(({ status }) => status)).toEqual(['started', 'completed']);

  expect(await bundle.operation('count', { text: 'four' })).toEqual({ characters: 4 });

  const controller = new AbortController();
  const counting = bundle.turn('Count to 1000', {
    signal: controller.signal,
    onEvent: ({ answer }) => {
      if (answer !== '') controller.abort();
    },
  });
  await expect(counting).rejects.toMatchObject({ errorType: 'cancelled' });
});
