import { startModelServer, startTestStack } from '@switchyard/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { createChatCalls } from '../src/chat-calls.ts';
import { answerText, isTerminal, readEvents, readUntil } from '../src/stream-events.ts';

const KEY = 'sk-of-the-platform';

test('with a model and a key in the settings the assistant of a whole stack answers with it', async () => {
  await using server = await startModelServer({ apiKey: KEY });
  const env = { MODEL_BASE_URL: `${server.url}/v1`, MODEL_NAME: 'small-1', MODEL_API_KEY: KEY };
  const { fixture: stack, stop } = await startTestStack({ isPageless: true, env });
  onTestFinished(stop);
  server.script(
    { toolCalls: [{ name: 'search_documents', input: { query: 'what is a lane' } }] },
    { text: 'A lane is a ready queue [1].' },
  );
  const calls = await createChatCalls(stack, 'ada');
  const said = await calls.say('What is a lane?', { bundleId: 'assistant' });
  const events = await readUntil(readEvents(said), isTerminal);
  expect(answerText(events)).toBe('A lane is a ready queue [1].');
  expect(JSON.stringify(server.requests[1]?.body.messages)).toContain('ready queue');
  expect(JSON.stringify(events)).not.toContain(KEY);
  expect(stack.lines('chat-proc').join('\n')).not.toContain(KEY);
});
