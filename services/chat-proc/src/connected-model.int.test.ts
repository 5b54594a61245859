import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { startModelServer } from '@switchyard/testkit';
import { beforeAll, expect, vi } from 'vitest';
import { ASSISTANT_DIR, answerOf, procTest as test } from '../test/proc-rig.ts';

// Whole workers, each with a process of its own: a busy machine takes its time.
vi.setConfig({ testTimeout: 120_000 });

const ROOT = path.join(import.meta.dirname, '../../..');
const KEY = 'sk-of-the-platform';
const settings = (url: string, protocol: 'openai' | 'anthropic') => ({
  docsDir: path.join(ROOT, 'docs'),
  defaultBundle: 'assistant',
  modelProtocol: protocol,
  modelBaseUrl: `${url}/v1/`,
  modelName: 'small-1',
  modelApiKey: KEY,
  modelInputPrice: '2',
  modelOutputPrice: '10',
});

beforeAll(async () => {
  await promisify(execFile)('npm', ['run', 'build'], { cwd: ASSISTANT_DIR });
});

test.for(['openai', 'anthropic'] as const)(
  '%s: the assistant answers with the model, and its tokens are counted',
  async (protocol, { rig, postgres }) => {
    await using server = await startModelServer({ apiKey: KEY });
    server.script(
      {
        toolCalls: [{ name: 'search_documents', input: { query: 'what is a lane' } }],
        usage: { input: 1000, output: 100 },
      },
      { text: 'A lane is a queue [1].', usage: { input: 2000, output: 200 } },
    );
    await rig.ship(ASSISTANT_DIR);
    const { port } = await rig.start(settings(server.url, protocol));
    const events = await rig.ended(await rig.say('What is a lane?', { bundleId: 'assistant' }));
    expect(answerOf(events)).toBe('A lane is a queue [1].');
    const usage = events.filter(({ data }) => data.type === 'accounting.usage').map(({ data }) => data.data);
    expect(usage).toMatchObject([
      { provider: '127.0.0.1', model: 'small-1', input_tokens: 1000, output_tokens: 100, cost: 0.003 },
      { input_tokens: 2000, output_tokens: 200, cost: 0.006 },
    ]);
    await vi.waitFor(async () => {
      const rows = await postgres.sql.query<Record<string, unknown>>({
        text: 'select user_id, bundle_id, model, input_tokens, cost::float8 as cost, source from usage order by at, input_tokens',
      });
      const shared = { user_id: 'ada', bundle_id: 'assistant', model: 'small-1', source: 'platform' };
      expect(rows).toEqual([
        { ...shared, input_tokens: 1000, cost: 0.003 },
        { ...shared, input_tokens: 2000, cost: 0.006 },
      ]);
    });
    expect(server.requests.map(({ body }) => body.model)).toEqual(['small-1', 'small-1']);
    expect(JSON.stringify(events)).not.toContain(KEY);
    // It is not offline, so the page is not told that it were.
    const authorization = `Bearer ${await rig.token('registered')}`;
    const response = await fetch(`http://127.0.0.1:${port}/api/integrations/bundles`, {
      headers: { authorization },
    });
    const { bundles } = (await response.json()) as { bundles: { bundle_id: string; note?: string }[] };
    expect(bundles.find((bundle) => bundle.bundle_id === 'assistant')).not.toHaveProperty('note');
  },
);

test('a key that is refused is told in words, and not repeated', async ({ rig }) => {
  await using server = await startModelServer({ apiKey: 'another' });
  await rig.ship(ASSISTANT_DIR);
  await rig.start(settings(server.url, 'openai'));
  const events = await rig.ended(await rig.say('What is a lane?', { bundleId: 'assistant' }));
  expect(answerOf(events)).toContain('refused the key');
  expect(JSON.stringify(events)).not.toContain(KEY);
});

test('over the day’s budget the model is not asked, and the answer says why', async ({ rig }) => {
  await using server = await startModelServer({ apiKey: KEY });
  server.script({ text: 'Hello.', usage: { input: 90, output: 10 } });
  await rig.ship(ASSISTANT_DIR);
  // `rig.say` speaks for a paying user.
  await rig.start({ ...settings(server.url, 'openai'), modelDailyTokensPaid: '100' });
  const first = await rig.ended(await rig.say('Hi', { bundleId: 'assistant' }));
  expect(answerOf(first)).toBe('Hello.');
  const second = await rig.ended(await rig.say('And now?', { bundleId: 'assistant' }));
  expect(answerOf(second)).toContain('Try again tomorrow');
  expect(second.at(-2)?.data.data).toMatchObject({ model_error: 'model_budget_exceeded' });
  expect(server.requests).toHaveLength(1);
  server.script({ text: 'Hello, Bob.' });
  const other = await rig.ended(await rig.say('Hi', { bundleId: 'assistant', user: 'bob' }));
  expect(answerOf(other)).toBe('Hello, Bob.');
});

test('a cancel of the turn ends the request to the model', async ({ rig }) => {
  await using server = await startModelServer({ apiKey: KEY });
  const { promise: never } = Promise.withResolvers<void>();
  server.script({ text: 'One, two, three', hold: never });
  await rig.ship(ASSISTANT_DIR);
  await rig.start(settings(server.url, 'openai'));
  const ack = await rig.say('Count.', { bundleId: 'assistant' });
  await rig.saysSoon(ack, 'One, ');
  await rig.turns.cancel({ conversationId: ack.conversation_id, userId: 'ada' });
  expect(await server.requests[0]?.ended).toBe('aborted');
  // The row is written a moment after the request ended.
  await vi.waitFor(async () => expect((await rig.row(ack.turn_id)).answer_text).toBe('One, '));
});
