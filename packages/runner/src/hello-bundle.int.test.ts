import { join } from 'node:path';
import { expect, test } from 'vitest';
import { record, startRunner, turnPayload } from '../test/runner-fixture.ts';

const dir = join(import.meta.dirname, '../../../bundles/hello');
const hello = { bundleId: 'hello', versionId: 'hello__builtin__test', dir, entry: 'src/bundle.ts' };

test('the tutorial bundle greets word by word, and stops when asked', async () => {
  await using runner = await startRunner({ sandbox: 'auto' });
  expect(await runner.inspect(hello)).toMatchObject({
    id: 'hello',
    hasTurns: true,
    starters: ['Hello!', 'Count to 20', expect.any(String)],
  });

  const greeting = record('', { payload: turnPayload('Hello!') });
  const result = await runner.invoke(hello, greeting);
  expect(result).toEqual({
    final_answer: 'Hello, Ada! I am the smallest bundle there is.',
    followups: ['Count to 50', 'Hello again!'],
  });
  expect(greeting.answer()).toBe('Hello, Ada! I am the smallest bundle there is.');
  // Nine where the taker is quick; the slower it is, the fewer and the larger.
  expect(greeting.events.filter((event) => event.kind === 'delta').length).toBeGreaterThan(1);

  const counting = record('', { payload: turnPayload('Count to 1000') });
  const answer = runner.invoke(hello, counting).catch((error: unknown) => error);
  await counting.begun;
  counting.controller.abort();
  expect(await answer).toMatchObject({ code: 'CANCELLED' });
});
