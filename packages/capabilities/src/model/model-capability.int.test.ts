import { PlatformError } from '@switchyard/kernel';
import type { Usage, WireResponse } from '@switchyard/protocol';
import { startModelServer } from '@switchyard/testkit';
import type { ModelServer } from '@switchyard/testkit';
import { expect, test } from 'vitest';
import type { CapabilityCaller } from '../capability.ts';
import { createModelCapability } from './model-capability.ts';
import type { ModelConnection, ModelLimits } from './model-capability.ts';

const KEY = 'sk-of-the-platform';
const LIMITS = { maxRequestBytes: 10_000, maxResponseBytes: 100_000, timeoutMs: 60_000 };
const textOf = async ({ body }: WireResponse): Promise<string> => {
  const chunks: Uint8Array[] = [];
  if (body instanceof Uint8Array) chunks.push(body);
  else for await (const chunk of body ?? []) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
};

function connect(
  server: ModelServer,
  apiKey = KEY,
  stop = new AbortController(),
  differing: Partial<ModelConnection> = {},
  limits: Partial<ModelLimits> = {},
) {
  const used: Usage[] = [];
  const caller: CapabilityCaller = {
    bundleId: 'b',
    versionId: 'b__x__1',
    user: undefined,
    signal: stop.signal,
    onUsage: async (usage) => void used.push(usage),
  };
  const prices = { inputPrice: undefined, outputPrice: undefined };
  const connection = {
    protocol: 'openai',
    baseUrl: `${server.url}/v1`,
    model: 'small-1',
    apiKey,
    ...prices,
    ...differing,
  } as const;
  const { methods } = createModelCapability(connection, { ...LIMITS, ...limits });
  const call = async (body: unknown, request: object = {}): Promise<WireResponse> => {
    const bytes = new TextEncoder().encode(typeof body === 'string' ? body : JSON.stringify(body));
    const headers = [
      ['authorization', 'Bearer of-the-bundle'],
      ['x-odd', '1'],
    ];
    const path = connection.protocol === 'openai' ? 'chat/completions' : 'messages';
    const url = `http://elsewhere.test/v1/${path}`;
    return (await methods['fetch']?.(caller, [
      { method: 'POST', url, headers, body: bytes, ...request },
    ])) as WireResponse;
  };
  return { call, used };
}
const ASK = { model: 'large-and-dear', messages: [{ role: 'user', content: 'Hi' }] };

test('address, model and key are the platform’s, the body is the bundle’s', async () => {
  await using server = await startModelServer({ apiKey: KEY });
  server.script({ text: 'Hello.', usage: { input: 5, output: 2 } });
  const { call, used } = connect(server);
  expect(await textOf(await call(ASK))).toContain('Hello.');
  const [request] = server.requests;
  expect(request?.body).toEqual({ ...ASK, model: 'small-1' });
  expect(request?.headers).toMatchObject({ authorization: `Bearer ${KEY}` });
  expect(request?.headers).not.toHaveProperty('x-odd');
  expect(used).toEqual([{ provider: '127.0.0.1', model: 'small-1', input_tokens: 5, output_tokens: 2 }]);
});

test('the tokens of a stream are asked for, and what the bundle said beside stays', async () => {
  await using server = await startModelServer({ apiKey: KEY });
  server.script({ text: 'Hi.', usage: { input: 5, output: 2 } }, { text: 'Hi.' });
  const { call, used } = connect(server);
  await textOf(await call({ ...ASK, stream: true, stream_options: { include_usage: false, x: 1 } }));
  expect(used).toMatchObject([{ input_tokens: 5, output_tokens: 2 }]);
  expect(server.requests[0]?.body.stream_options).toEqual({ include_usage: true, x: 1 });
  await textOf(await call({ ...ASK, stream: true, stream_options: null }));
  expect(used).toHaveLength(2);
});

test.each(['openai', 'anthropic'] as const)(
  '%s: cached tokens are counted, at their price',
  async (protocol) => {
    await using server = await startModelServer({ apiKey: KEY });
    server.script({ text: 'Hi.', usage: { input: 1000, output: 100, cached: 600 } });
    const { call, used } = connect(server, KEY, new AbortController(), {
      protocol,
      inputPrice: 10,
      outputPrice: 20,
      cacheReadPrice: 1,
    });
    await textOf(await call({ ...ASK, stream: true }));
    // 400 * 10 + 600 * 1 + 100 * 20, of a million.
    const cost = 0.0066;
    expect(used).toMatchObject([{ input_tokens: 1000, cached_tokens: 600, output_tokens: 100, cost }]);
  },
);

test('who has used up what is his is told before the model is asked', async () => {
  await using server = await startModelServer({ apiKey: KEY });
  const requireBudget = async (): Promise<void> => {
    throw PlatformError.of('MODEL_BUDGET_EXCEEDED');
  };
  const { call } = connect(server, KEY, new AbortController(), {}, { requireBudget });
  await expect(call(ASK)).rejects.toMatchObject({ code: 'MODEL_BUDGET_EXCEEDED' });
  expect(server.requests).toEqual([]);
});

test('an error comes through without the key that it repeats', async () => {
  await using server = await startModelServer({ apiKey: 'another' });
  const { call, used } = connect(server);
  const response = await call(ASK);
  expect(response.status).toBe(401);
  expect(await textOf(response)).toContain('Incorrect API key provided: ***.');
  expect(used).toEqual([]);
});

test.each([
  ['another path', ASK, { url: 'http://elsewhere.test/v1/files' }],
  ['another method', ASK, { method: 'GET' }],
  ['no object', '[]', {}],
  ['no JSON', '{', {}],
])('%s is refused, and nobody is asked', async (_what, body, request) => {
  await using server = await startModelServer();
  await expect(connect(server).call(body, request)).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
  expect(server.requests).toEqual([]);
});

test('a body that is too large is refused', async () => {
  await using server = await startModelServer();
  await expect(connect(server).call({ text: 'x'.repeat(20_000) })).rejects.toMatchObject({
    code: 'TOO_LARGE',
  });
});

test('the end of the invocation ends the request', async () => {
  await using server = await startModelServer();
  const { promise: never } = Promise.withResolvers<void>();
  server.script({ text: 'One, two', hold: never });
  const stop = new AbortController();
  const response = await connect(server, KEY, stop).call({ ...ASK, stream: true });
  const reading = textOf(response);
  stop.abort(new Error('over'));
  await expect(reading).rejects.toThrow('over');
  expect(await server.requests[0]?.ended).toBe('aborted');
});
