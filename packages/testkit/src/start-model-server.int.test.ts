import { expect, test } from 'vitest';
import { startModelServer } from './start-model-server.ts';

const ask = (url: string, path: string, body: object, key = 'k') =>
  fetch(url + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}` },
    body: JSON.stringify(body),
  });
const REQUEST = { model: 'm', messages: [{ role: 'user', content: 'Hi' }] };

/** The data lines of a stream, parsed. */
async function framesOf(response: Response): Promise<Record<string, unknown>[]> {
  const lines = (await response.text()).split('\n').filter((line) => line.startsWith('data: {'));
  return lines.map((line) => JSON.parse(line.slice(6)) as Record<string, unknown>);
}

test('chat completions: pieces, arguments in pieces, usage only when it is asked for', async () => {
  await using server = await startModelServer({ apiKey: 'k' });
  const call = { name: 'look_up', input: { query: 'a longer word' } };
  const reply = { text: 'Hello world', toolCalls: [call], usage: { input: 3, output: 4 } };
  server.script(reply, reply);
  const options = { stream: true, stream_options: { include_usage: true } };
  const frames = await framesOf(await ask(server.url, '/v1/chat/completions', { ...REQUEST, ...options }));
  const deltas = frames.flatMap(({ choices }) =>
    (choices as { delta: Record<string, unknown> }[]).map((one) => one.delta),
  );
  expect(deltas.map(({ content }) => (typeof content === 'string' ? content : '')).join('')).toBe(
    'Hello world',
  );
  const parts = deltas.flatMap(
    ({ tool_calls: calls }) => (calls ?? []) as { function: { arguments: string } }[],
  );
  expect(parts.length).toBeGreaterThan(2);
  expect(JSON.parse(parts.map((part) => part.function.arguments).join(''))).toEqual(call.input);
  expect(frames.at(-1)).toMatchObject({
    choices: [],
    usage: { prompt_tokens: 3, completion_tokens: 4, total_tokens: 7 },
  });
  const plain = await framesOf(await ask(server.url, '/v1/chat/completions', { ...REQUEST, stream: true }));
  expect(plain.some(({ usage }) => usage !== undefined)).toBe(false);
});

test('messages: blocks are opened, filled and closed in order', async () => {
  await using server = await startModelServer();
  server.script({ thinking: 'Hm.', text: 'Hello', toolCalls: [{ name: 'a', input: { b: 1 } }] });
  const frames = await framesOf(await ask(server.url, '/v1/messages', { ...REQUEST, stream: true }));
  const blocks = frames.filter(({ type }) => type === 'content_block_start');
  expect(blocks.map(({ index }) => index)).toEqual([0, 1, 2]);
  expect(frames.at(-2)).toMatchObject({ type: 'message_delta', delta: { stop_reason: 'tool_use' } });
  expect(frames.at(-1)).toEqual({ type: 'message_stop' });
});

test('a wrong key, a wrong path and a request without a script are refused', async () => {
  await using server = await startModelServer({ apiKey: 'k' });
  const wrongKey = await ask(server.url, '/v1/chat/completions', REQUEST, 'other');
  expect(wrongKey.status).toBe(401);
  expect(await wrongKey.text()).toContain('other');
  expect((await ask(server.url, '/v1/completions', REQUEST)).status).toBe(404);
  expect((await ask(server.url, '/v1/chat/completions', REQUEST)).status).toBe(500);
  server.script({ status: 429, message: 'slow down', headers: { 'retry-after': '7' } }, { text: 'Hi' });
  const limited = await ask(server.url, '/v1/chat/completions', REQUEST);
  expect([limited.status, limited.headers.get('retry-after')]).toEqual([429, '7']);
  const whole = (await (await ask(server.url, '/v1/chat/completions', REQUEST)).json()) as object;
  expect(whole).toMatchObject({ choices: [{ message: { content: 'Hi' }, finish_reason: 'stop' }] });
  expect(server.requests).toHaveLength(3);
});
