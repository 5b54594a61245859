import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { BundleFailure, openBundle } from '@switchyard/bundle-sdk/testing';
import type { OpenOptions, TestBundle } from '@switchyard/bundle-sdk/testing';
import { startModelServer } from '@switchyard/testkit';
import type { ModelServer } from '@switchyard/testkit';
import { beforeAll, expect, onTestFinished, test } from 'vitest';
import { FIXTURE_PASSAGES } from './src/fixture-passages.ts';

const KEY = 'sk-test-4711';
const followup = (message: string) => ({
  kind: 'followup' as const,
  turn_id: `t-${message}`,
  message,
  events: [],
  attachments: [],
});

beforeAll(async () => {
  await promisify(execFile)('npm', ['run', 'build'], { cwd: import.meta.dirname });
});

/** What the platform does: the bundle's path and body go to the address and with the key that only it knows. */
function connect(bundle: TestBundle, server: ModelServer, protocol: 'openai' | 'anthropic', key = KEY): void {
  bundle.platform.model = {
    provider: 'test',
    model: 'small-1',
    protocol,
    async fetch(request) {
      const { pathname } = new URL(request.url);
      const headers = new Headers(request.headers);
      headers.set('authorization', `Bearer ${key}`);
      headers.set('x-api-key', key);
      const body = await request.arrayBuffer();
      return fetch(server.url + pathname, { method: request.method, headers, body, signal: request.signal });
    },
  };
}

async function open(
  props: OpenOptions['props'] = {},
  protocol: 'openai' | 'anthropic' = 'openai',
): Promise<{ bundle: TestBundle; server: ModelServer }> {
  const bundle = await openBundle('./bundle.ts', { props });
  onTestFinished(() => bundle.close());
  const server = await startModelServer({ apiKey: KEY });
  onTestFinished(() => server.close());
  bundle.platform.documents.push(...FIXTURE_PASSAGES);
  connect(bundle, server, protocol);
  return { bundle, server };
}

test.each(['openai', 'anthropic'] as const)('%s: thinks, searches, cites, and counts', async (protocol) => {
  const { bundle, server } = await open({}, protocol);
  server.script(
    {
      thinking: 'I should look it up.',
      toolCalls: [
        { name: 'search_documents', input: { query: 'lane' } },
        { name: 'calculator', input: { expression: '6 * 7' } },
      ],
    },
    { text: 'A lane is a ready queue [1]. And it is 42.', usage: { input: 100, output: 20 } },
  );
  const turn = await bundle.turn('What is a lane, and 6 * 7?');
  expect(turn.answer).toBe('A lane is a ready queue [1]. And it is 42.');
  expect(turn.thinking).toBe('I should look it up.');
  expect(turn.citations.map(({ id }) => id)).toEqual([1]);
  expect(turn.steps.map(({ name, status }) => `${name} ${status}`).toSorted()).toEqual([
    'calculator-2 completed',
    'calculator-2 started',
    'model-1 completed',
    'model-1 started',
    'model-2 completed',
    'model-2 started',
    'search_documents-1 completed',
    'search_documents-1 started',
  ]);
  expect(turn.steps.at(-1)?.data).toMatchObject({ input_tokens: 100, output_tokens: 20 });
  expect(turn.steps.find(({ title }) => title === '6 * 7 = 42')?.data?.['ms']).toBeTypeOf('number');
  const [first, second] = server.requests;
  expect(first?.body.tools).toHaveLength(2);
  expect(JSON.stringify(second?.body.messages)).toContain('ready queue');
  // The platform accounts for the calls: a bundle that did too would count them twice.
  expect(turn.usage).toEqual([]);
});

test('the conversation and the settings reach the model', async () => {
  const { bundle, server } = await open({
    systemPrompt: 'Speak like a pirate.',
    temperature: 0.5,
    calculator: false,
  });
  server.script({ text: 'Arr.' });
  await bundle.turn('And now?', { history: [{ user: 'Hello', assistant: 'Hi.' }] });
  const body = server.requests[0]?.body;
  expect(body?.messages.map(({ role }) => role)).toEqual(['system', 'user', 'assistant', 'user']);
  expect(JSON.stringify(body?.messages[0])).toContain('Speak like a pirate.');
  expect(body).toMatchObject({ temperature: 0.5, stream_options: { include_usage: true }, max_tokens: 4000 });
  expect(body?.tools).toHaveLength(1);
});

test('old exchanges are left out where the context is small', async () => {
  const { bundle, server } = await open({ contextTokens: 2000 });
  server.script({ text: 'Yes.' });
  const history = Array.from({ length: 20 }, (_, at) => ({
    user: `question ${at}`,
    assistant: 'word '.repeat(200),
  }));
  await bundle.turn('And now?', { history });
  const messages = server.requests[0]?.body.messages ?? [];
  expect(messages.at(1)).toMatchObject({ role: 'user' });
  expect(messages.at(-1)?.content).toBe('And now?');
  expect(JSON.stringify(messages)).toContain('question 19');
  expect(JSON.stringify(messages)).not.toContain('question 10');
});

test('a message that arrives while it works is given to the next step', async () => {
  const { bundle, server } = await open();
  const continuations = [followup('In French, please.')];
  server.script({ toolCalls: [{ name: 'calculator', input: { expression: '1+1' } }] }, { text: 'Deux.' });
  const turn = await bundle.turn('What is 1+1?', { continuations });
  expect(turn.answer).toBe('Deux.');
  expect(continuations).toEqual([]);
  expect(server.requests[1]?.body.messages.at(-1)).toEqual({ role: 'user', content: 'In French, please.' });
});

test('a message that arrives after the answer gets a section of its own', async () => {
  const { bundle, server } = await open();
  server.script({ text: 'Two.' }, { text: 'Deux.' });
  const turn = await bundle.turn('What is 1+1?', { continuations: [followup('And in French?')] });
  expect(turn.answer).toBe('Two.\n\n---\n\n### And in French?\n\nDeux.');
});

test('a steer without text ends the answer after its step', async () => {
  const { bundle, server } = await open();
  server.script({ toolCalls: [{ name: 'calculator', input: { expression: '1+1' } }] });
  await bundle.turn('What is 1+1?', { continuations: [{ ...followup(''), kind: 'steer' }] });
  expect(server.requests).toHaveLength(1);
});

test('the last step has no tools', async () => {
  const { bundle, server } = await open({ maxSteps: 2 });
  server.script({ toolCalls: [{ name: 'calculator', input: { expression: '1+1' } }] }, { text: 'Two.' });
  expect((await bundle.turn('?')).answer).toBe('Two.');
  expect(server.requests[0]?.body.tools).toHaveLength(2);
  expect(server.requests[1]?.body.tools ?? []).toEqual([]);
});

test('a tool that fails is told to the model', async () => {
  const { bundle, server } = await open();
  server.script(
    { toolCalls: [{ name: 'calculator', input: { expression: 'os.exit()' } }] },
    { text: 'I cannot calculate that.' },
  );
  const turn = await bundle.turn('?');
  expect(turn.steps.find(({ name }) => name === 'calculator-1')?.status).toBe('started');
  expect(turn.steps.filter(({ name, status }) => name === 'calculator-1' && status === 'error')).toHaveLength(
    1,
  );
  expect(JSON.stringify(server.requests[1]?.body.messages)).toContain('unexpected');
});

test('reads a page of an allowed host as text, where that is switched on', async () => {
  const { bundle, server } = await open({ readPages: true });
  bundle.platform.http = () =>
    new Response('<head><title>x</title></head><p>Rails &amp; ties</p><script>evil()</script>', {
      headers: { 'content-type': 'text/html' },
    });
  server.script(
    { toolCalls: [{ name: 'read_page', input: { url: 'https://nodejs.org/a' } }] },
    { toolCalls: [{ name: 'read_page', input: { url: 'https://example.com/a' } }] },
    { text: 'Read.' },
  );
  await bundle.turn('?');
  const said = JSON.stringify(server.requests[2]?.body.messages);
  expect(said).toContain('Rails & ties');
  expect(said).not.toContain('evil');
  expect(said).toContain('may not reach example.com');
});

test('operations of other bundles are tools where the admin names them', async () => {
  const { bundle, server } = await open({ operations: ['board.add', 'notes.*'] });
  const card = { type: 'object', properties: { title: { type: 'string' } }, required: ['title'] };
  const asked: unknown[] = [];
  const add = (input: unknown, userId: string) => {
    asked.push([input, userId]);
    return { id: 'c1' };
  };
  bundle.platform.operations.push(
    { bundle_id: 'board', name: 'add', description: 'Adds a card.', input: card, run: add },
    { bundle_id: 'board', name: 'wipe', run: () => null },
    { bundle_id: 'notes', name: 'all', run: () => 'n'.repeat(20_000) },
  );
  server.script(
    { toolCalls: [{ name: 'board_add', input: { title: 'Milk' } }] },
    { toolCalls: [{ name: 'notes_all', input: {} }] },
    { toolCalls: [{ name: 'board_wipe', input: {} }] },
    { text: 'Done.' },
  );
  const turn = await bundle.turn('Add milk.');
  expect(turn.answer).toBe('Done.');
  expect(asked).toEqual([[{ title: 'Milk' }, 'ada']]);
  expect(bundle.platform.calls.filter(({ method }) => method === 'call')).toHaveLength(2);
  const [first, second, third] = server.requests;
  const tools = first?.body.tools as { function: { name: string; parameters: unknown } }[];
  expect(tools.map((one) => one.function.name).toSorted()).toEqual([
    'board_add',
    'calculator',
    'notes_all',
    'search_documents',
  ]);
  expect(tools.find((one) => one.function.name === 'board_add')?.function.parameters).toMatchObject(card);
  expect(second?.body.messages.at(-1)?.content).toBe('{"id":"c1"}');
  expect(JSON.stringify(third?.body.messages.at(-1))).toContain('Cut here: the answer has 20000 characters');
  expect(turn.steps.map(({ name, status }) => `${name} ${status}`)).toContain('board_add-1 completed');
});

test('without a list nobody is asked for operations', async () => {
  const { bundle, server } = await open();
  bundle.platform.operations.push({ bundle_id: 'board', name: 'add', run: () => null });
  server.script({ text: 'Hello.' });
  await bundle.turn('Hello');
  expect(server.requests[0]?.body.tools).toHaveLength(2);
  expect(bundle.platform.calls.filter(({ target }) => target === 'operations')).toEqual([]);
});

test.each([
  [401, 'Incorrect API key provided: sk-test-4711.', 'model_key_refused'],
  [404, 'The model small-1 does not exist', 'model_not_found'],
  [400, "This model's maximum context length is 8192 tokens.", 'model_context_exceeded'],
  [400, 'sk-test-4711 is odd', 'model_request_refused'],
])('%d %s is told as %s, without the words of the provider', async (status, message, errorType) => {
  const { bundle, server } = await open();
  server.script({ status, message });
  const turn = await bundle.turn('?');
  expect(turn.result).toMatchObject({ model_error: errorType });
  expect(turn.steps.at(-1)).toMatchObject({ status: 'error', data: { error_type: errorType } });
  expect(turn.answer).toMatch(/^\*\*(The language model|This conversation)/u);
  expect(JSON.stringify([turn.events, turn.logs])).not.toContain('4711');
});

test.each([
  [429, 'model_rate_limited'],
  [500, 'model_unavailable'],
])('%d is tried once more, then told as %s', async (status, errorType) => {
  const { bundle, server } = await open();
  const headers = { 'retry-after-ms': '1' };
  server.script({ status, message: 'no', headers }, { text: 'Now it works.' });
  expect((await bundle.turn('?')).answer).toBe('Now it works.');
  server.script({ status, message: 'no', headers }, { status, message: 'no', headers });
  expect((await bundle.turn('?')).result).toMatchObject({ model_error: errorType });
});

test.each([
  ['openai', 'socket'],
  ['openai', 'quiet'],
  ['anthropic', 'socket'],
  ['anthropic', 'quiet'],
] as const)('a stream that is cut in the middle (%s, %s) is told', async (protocol, cut) => {
  const { bundle, server } = await open({}, protocol);
  // Torn only when the beginning was read: an error drops what a stream still holds.
  const { promise: hold, resolve: tear } = Promise.withResolvers<void>();
  server.script({ text: 'This is the beginning of', hold, cut });
  const turn = await bundle.turn('?', { onEvent: ({ answer }) => void (answer !== '' && tear()) });
  expect(turn.answer).toMatch(/^This .*\n\n\*\*The language model stopped in the middle/su);
  expect(turn.result).toMatchObject({ model_error: 'model_stream_broken' });
});

test('an answer that reached its limit says so', async () => {
  const { bundle, server } = await open();
  server.script({ text: 'It goes on and', finish: 'length' });
  expect((await bundle.turn('?')).answer).toContain('The answer was cut');
});

test('a cancel ends the request to the model', async () => {
  const { bundle, server } = await open();
  const stop = new AbortController();
  const { promise: never } = Promise.withResolvers<void>();
  server.script({ text: 'One, two, three', hold: never });
  const turn = bundle.turn('?', {
    signal: stop.signal,
    onEvent: (heard) => {
      if (heard.answer !== '') stop.abort(new Error('enough'));
    },
  });
  await expect(turn).rejects.toThrow(BundleFailure);
  expect(await server.requests[0]?.ended).toBe('aborted');
});

test('runs a program that the model wrote: the step shows it and its output, its files are files of the answer', async () => {
  const { bundle, server } = await open();
  const program = 'open("table.csv", "w").write("a,b")\nprint(6 * 7)';
  const asked: unknown[] = [];
  bundle.platform.exec = ({ language, code }) => {
    asked.push([language, code]);
    return {
      stdout: `42\n${'x'.repeat(20_000)}end`,
      stderr: 'a warning',
      files: [{ path: 'out/table.csv', bytes: Buffer.from('a,b') }],
      left_out: ['link'],
    };
  };
  server.script(
    { toolCalls: [{ name: 'run_code', input: { language: 'python', code: program } }] },
    { toolCalls: [{ name: 'run_code', input: { language: 'cobol', code: '' } }] },
    { text: 'It is 42.' },
  );
  const turn = await bundle.turn('What is 6 * 7?');
  expect([turn.answer, asked]).toEqual(['It is 42.', [['python', program]]]);
  const [first, second, third] = server.requests;
  expect(JSON.stringify(first?.body.tools)).toContain('python, javascript, shell');
  expect(JSON.stringify(first?.body.messages[0])).toContain('Run code for what needs more');
  const told = String(second?.body.messages.at(-1)?.content);
  expect(told).toMatch(
    /^\(exit code 0\)\nOutput:\n42\n[^]*Cut here: there are 20006 characters[^]*end\nErrors:\na warning\n/,
  );
  expect(told).toContain('Files that the user got: out/table.csv\nFiles that did not come along: link');
  expect(JSON.stringify(third?.body.messages.at(-1))).toContain('has to be one of python');
  const step = turn.steps.findLast(({ name }) => name === 'run_code-1');
  expect(step).toMatchObject({
    status: 'completed',
    title: 'Ran python: exit code 0',
    data: { language: 'python', code: program },
  });
  expect(step?.data?.['output']).toContain('42');
  expect(turn.files).toMatchObject([{ filename: 'table.csv', mime: 'text/csv', text: 'a,b' }]);
});

test.each([
  ['timeout', 'it took too long'],
  ['memory', 'it needed too much memory'],
  ['output', 'it printed too much'],
] as const)('a program that reached a limit (%s) is told as that', async (cause, words) => {
  const { bundle, server } = await open();
  bundle.platform.exec = () => ({
    cause,
    exit_code: null,
    signal: 'SIGKILL',
    timed_out: cause === 'timeout',
  });
  server.script(
    { toolCalls: [{ name: 'run_code', input: { language: 'shell', code: 'x' } }] },
    { text: 'No.' },
  );
  await bundle.turn('?');
  expect(server.requests[1]?.body.messages.at(-1)?.content).toBe(`(${words})`);
});

test('without a service for it, or switched off, there is no tool for code', async () => {
  for (const runCode of [true, false]) {
    const { bundle, server } = await open({ runCode });
    if (!runCode) bundle.platform.exec = () => ({});
    server.script({ text: 'Hello.' });
    await bundle.turn('Hello');
    expect(JSON.stringify(server.requests[0]?.body.tools)).not.toContain('run_code');
  }
});
