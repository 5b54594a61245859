import { stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { serveAlone } from '@switchyard/predict';
import type { AloneOptions, PredictServer } from '@switchyard/predict';
import { textOption } from '../command-spec.ts';
import type { CommandContext, CommandSpec } from '../command-spec.ts';
import { EXIT_CODES, Refused, UsageError } from '../exit-codes.ts';
import { readPredictInput, toPredictInput } from '../predict-input.ts';
import { readServerEvents } from '../read-server-events.ts';
import { PASS_ENV, SANDBOX, SERVING, readServing, untilClosed } from './serving.ts';

const FOLDER = { name: '[folder]', description: 'the folder of the predictor (where you stand)' };
const POLL_MS = 50;

export const predictServe: CommandSpec = {
  name: 'predict serve',
  summary: 'Serve a predictor over HTTP',
  details:
    "The API is Cog's: POST /predictions, GET /health-check, GET /openapi.json. A predictor is predict.py or what cog.yaml names (python3 is needed, nothing else), predict.ts, or a bundle with `predict`. Ends after POST /shutdown, SIGTERM or Ctrl-C.",
  arguments: [FOLDER],
  options: SERVING,
  examples: [
    ['predict serve', 'the predictor in this folder, on port 5000'],
    ['predict serve ./model --port 8000 --max-concurrency 2', 'another one, two at once'],
  ],
  isLocal: true,
  run: async (context) => untilClosed(context, await serve(context, 5000, 'info')),
};

export const predictSchema: CommandSpec = {
  name: 'predict schema',
  summary: 'Print the OpenAPI document of a predictor',
  details: 'Runs the predictor once, with its setup, because its inputs are read from its code.',
  arguments: [FOLDER],
  options: [PASS_ENV, SANDBOX],
  examples: [['predict schema ./model', 'what it takes and what it gives']],
  isLocal: true,
  async run(context) {
    await withServer(context, async (server) => {
      const document = await documentOf(server, context.signal);
      context.output.result(document, () => JSON.stringify(document, null, 2));
    });
  },
};

export const predictRun: CommandSpec = {
  name: 'predict run',
  summary: 'Run a predictor once and print its output',
  details:
    'Inputs are name=value; values that are JSON are taken as that, everything else as text; name:=value is always text. name=@file is a file where the predictor wants one, and the text in it elsewhere. Logs go to stderr as they come. An output that is a file is written to --output, or printed as a data URI.',
  arguments: [
    { name: '<folder>', description: 'the folder of the predictor' },
    { name: '[pairs...]', description: 'its input as name=value, several' },
  ],
  options: [{ flags: '-o, --output <file>', description: 'write the output there' }, PASS_ENV, SANDBOX],
  examples: [
    ['predict run ./thumbnail image=@cat.png width=200 -o small.png', 'a file in, a file out'],
    ['predict run ./model text="Hello"', 'output is printed as it is made'],
    ['predict run ./model text=@essay.txt', 'a text out of a file'],
  ],
  isLocal: true,
  async run(context) {
    const { args, output, signal } = context;
    const given = await readPredictInput(args.slice(1), context.world.cwd);
    return withServer(context, async (server) => {
      const input = toPredictInput(given, await documentOf(server, signal));
      const response = await fetch(`${server.url}/predictions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
        body: JSON.stringify({ input }),
        signal,
      });
      if (!response.ok || response.body === null) throw new Refused(await response.text());
      let isStreamed = false;
      for await (const { event, data } of readServerEvents(response.body)) {
        const fields = data as Record<string, unknown>;
        if (output.isJson) output.result({ event, ...fields }, '');
        if (event === 'log' && !output.isJson) context.world.stderr.write(String(fields['data']));
        if (
          event === 'output' &&
          isText(fields['output']) &&
          !output.isJson &&
          textOption(context.options, 'output') === undefined
        ) {
          output.write(String(fields['output']));
          isStreamed = true;
        }
        if (event === 'completed') return finish(context, fields, isStreamed);
      }
      throw new Refused('The stream ended before the prediction did.');
    });
  },
};

async function documentOf({ url }: PredictServer, signal: AbortSignal): Promise<unknown> {
  return (await fetch(`${url}/openapi.json`, { signal })).json();
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && !value.startsWith('data:');
}

async function finish(
  { output, options, world }: CommandContext,
  view: Readonly<Record<string, unknown>>,
  isStreamed: boolean,
): Promise<number> {
  if (view['status'] !== 'succeeded')
    throw new Refused(String(view['error'] ?? view['status']), { status: view['status'] });
  const target = textOption(options, 'output');
  if (target !== undefined) {
    await writeFile(path.resolve(world.cwd, target), bytesOf(view['output']));
    output.note(`written to ${target}`);
  } else if (isStreamed) output.write('\n');
  else if (!output.isJson) output.result(view['output'], () => JSON.stringify(view['output'], null, 2));
  return EXIT_CODES.ok;
}

function bytesOf(value: unknown): Uint8Array | string {
  const text = Array.isArray(value) ? value.map(String).join('') : value;
  if (typeof text !== 'string') return JSON.stringify(value, null, 2);
  const match = /^data:[^,]*;base64,/u.exec(text);
  return match === null ? text : Buffer.from(text.slice(match[0].length), 'base64');
}

async function withServer<T>(
  context: CommandContext,
  work: (server: PredictServer) => Promise<T>,
): Promise<T> {
  // Whoever waits at a terminal reads what setup wrote, not lines that are made for a collector of logs.
  const server = await serve(context, 0, 'warn', { write: () => undefined });
  try {
    await untilReady(context, server);
    return await work(server);
  } finally {
    await server.close(0);
  }
}

async function untilReady({ output, signal }: CommandContext, { url }: PredictServer): Promise<void> {
  output.note('setting up ...');
  for (;;) {
    const response = await fetch(`${url}/health-check`, { signal });
    const { status, setup } = (await response.json()) as { status: string; setup: { logs: string } };
    if (status === 'READY') return;
    if (status !== 'STARTING') throw new Refused(`${status}\n${setup.logs}`, { status });
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

async function serve(
  context: CommandContext,
  port: number,
  logLevel: AloneOptions['logLevel'],
  logTo: AloneOptions['logTo'] = context.world.stderr,
): Promise<PredictServer> {
  const folder = path.resolve(context.world.cwd, context.args[0] ?? '.');
  const found = await stat(folder).catch(() => undefined);
  if (found?.isDirectory() !== true) throw new UsageError(`There is no folder ${folder}.`);
  return serveAlone(folder, { ...readServing(context, port, logLevel), logTo });
}
