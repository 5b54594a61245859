import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { textOption } from '../command-spec.ts';
import type { CommandContext, CommandSpec } from '../command-spec.ts';
import { UsageError } from '../exit-codes.ts';
import { formatTable } from '../output.ts';
import type { Output } from '../output.ts';
import { readPairs } from '../read-pairs.ts';
import type { Server } from '../server.ts';

interface OperationView {
  readonly name: string;
  readonly method: 'GET' | 'POST';
  readonly route: 'operations' | 'public';
  readonly description?: string;
}

interface BundleDetails {
  readonly operations: readonly OperationView[];
}

const integrationPath = async (server: Server, ...parts: readonly string[]): Promise<string> =>
  `/api/integrations/bundles/${await server.scope()}/${parts.map(encodeURIComponent).join('/')}`;

const detailsOf = async (server: Server, bundle: string): Promise<BundleDetails> =>
  server.json(await integrationPath(server, bundle));

export const opsList: CommandSpec = {
  name: 'ops list',
  summary: 'List the operations of a bundle that you may call',
  arguments: [{ name: '<bundle>', description: 'the id of the bundle' }],
  examples: [
    ['ops list weather', 'names and what they do'],
    ['ops list weather --json', 'with the schemas of input and output'],
  ],
  async run({ args: [bundle = ''], output, server }) {
    const { operations } = await detailsOf(await server(), bundle);
    output.result({ bundle_id: bundle, operations }, () =>
      formatTable(operations.map(({ name, method, description }) => [name, method, description ?? ''])),
    );
  },
};

export const opsCall: CommandSpec = {
  name: 'ops call',
  summary: 'Call an operation of a bundle',
  details:
    'Prints what the operation answers: JSON, or the bytes of a file. Values of name=value that are JSON are taken as that, everything else as text; name:=value is always text.',
  arguments: [
    { name: '<bundle>', description: 'the id of the bundle' },
    { name: '<operation>', description: 'the name of the operation' },
    { name: '[pairs...]', description: 'its input as name=value, several' },
  ],
  options: [
    { flags: '-d, --data <json>', description: 'its input as JSON; @file reads a file, - reads a pipe' },
    { flags: '--conversation <id>', description: 'the conversation that the call belongs to' },
    { flags: '--idempotency-key <key>', description: 'the same key again is the same call' },
  ],
  examples: [
    ['ops call weather count text="one two"', 'an input of one field'],
    ['ops call weather import -d @cities.json', 'an input from a file'],
    ['ops call weather report > report.pdf', 'an operation that answers a file'],
  ],
  async run(context) {
    const { args, options, output, server } = context;
    const [bundle = '', operation = '', ...pairs] = args;
    const at = await server();
    const { operations } = await detailsOf(at, bundle);
    // What is not listed is asked for all the same: the server says whether it is missing or not allowed.
    const { method, route } = operations.find(({ name }) => name === operation) ?? {
      method: 'POST',
      route: 'operations',
    };
    const input = await readInput(context, pairs);
    const conversation = textOption(options, 'conversation');
    const key = textOption(options, 'idempotencyKey');
    const address = await integrationPath(at, bundle, route, operation);
    const query = { ...queryOf(input), conversation_id: conversation };
    const answer = await at.open(address, {
      method,
      headers: { accept: '*/*', ...(key === undefined ? {} : { 'idempotency-key': key }) },
      ...(method === 'GET' ? { query } : { body: { data: input, conversation_id: conversation } }),
    });
    await show(answer, operation, output);
  },
};

async function readInput({ options, world }: CommandContext, pairs: readonly string[]): Promise<unknown> {
  const data = textOption(options, 'data');
  if (data === undefined) return readPairs(pairs);
  if (pairs.length > 0) throw new UsageError('The input is given twice: by --data and by name=value.');
  const json = data === '-' ? await text(world.stdin) : await readData(world.cwd, data);
  try {
    return JSON.parse(json) as unknown;
  } catch {
    throw new UsageError('The input is not JSON.');
  }
}

async function readData(cwd: string, data: string): Promise<string> {
  return data.startsWith('@') ? readFile(path.resolve(cwd, data.slice(1)), 'utf8') : data;
}

function queryOf(input: unknown): Record<string, string> {
  if (typeof input !== 'object' || input === null) return {};
  const entries = Object.entries(input).map(([name, value]) => [
    name,
    typeof value === 'string' ? value : JSON.stringify(value),
  ]);
  return Object.fromEntries(entries) as Record<string, string>;
}

/** The envelope of 03 §6 is taken off; an answer that is none of it goes out as it came. */
async function show(answer: Response, operation: string, output: Output): Promise<void> {
  const isJson = (answer.headers.get('content-type') ?? '').startsWith('application/json');
  if (!isJson) {
    const body: AsyncIterable<Uint8Array> | null = answer.body;
    if (body !== null) for await (const chunk of body) output.write(chunk);
    return;
  }
  const body = (await answer.json()) as Record<string, unknown>;
  const isEnvelope = body['status'] === 'ok' && 'bundle_id' in body && operation in body;
  const result = isEnvelope ? body[operation] : body;
  output.result(result, () => (typeof result === 'string' ? result : JSON.stringify(result, undefined, 2)));
}
