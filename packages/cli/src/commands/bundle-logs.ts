import { Readable } from 'node:stream';
import { createInterface } from 'node:readline';
import type { CommandSpec } from '../command-spec.ts';
import { withoutStack } from '../exit-codes.ts';
import type { Output } from '../output.ts';
import { bundlePath } from '../push-bundle.ts';

interface LogLine {
  readonly time?: string;
  readonly level?: string;
  readonly text?: string;
  readonly [field: string]: unknown;
}

export const bundleLogs: CommandSpec = {
  name: 'bundle logs',
  summary: 'Show what a bundle wrote and why it failed',
  arguments: [{ name: '<bundle>', description: 'the id of the bundle' }],
  options: [{ flags: '-f, --follow', description: 'go on with what is written from now on; Ctrl-C ends it' }],
  examples: [
    ['bundle logs weather', 'the last lines'],
    ['bundle logs weather --follow --json', 'every line as JSON, until Ctrl-C'],
  ],
  async run({ args: [bundle = ''], options, output, server, signal }) {
    const isEndless = options['follow'] === true;
    const at = await server();
    const query = { follow: isEndless ? 1 : undefined };
    try {
      const answer = await at.open(bundlePath(bundle, 'logs'), { query, isEndless });
      if (answer.body === null) return;
      // JSON lines, or with `follow` the data of an event stream: both hold one entry a line.
      const lines = createInterface({ input: Readable.fromWeb(answer.body), crlfDelay: Infinity });
      for await (const line of lines) show(line, output);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  },
};

function show(line: string, output: Output): void {
  const text = line.replace(/^data: ?/u, '').trim();
  if (!text.startsWith('{')) return;
  const value = JSON.parse(text) as LogLine;
  // A reader that is slower than the bundle writes is told how many lines it did not get.
  if (typeof value['lines'] === 'number' && value.text === undefined) {
    if (output.isJson) output.result({ missed: value['lines'] }, '');
    else output.note(output.paints.dim(`… ${value['lines']} lines were not kept`));
    return;
  }
  output.result(value, () => formatLine(value, output));
}

function formatLine(value: LogLine, { paints }: Output): string {
  const { time = '', level = 'info', text = '', ...rest } = value;
  const paint = level === 'error' ? paints.red : level === 'warn' ? paints.yellow : (words: string) => words;
  const fields = Object.entries(rest)
    .filter(([, field]) => field !== null && field !== undefined)
    .map(([name, field]) => `${name}=${typeof field === 'string' ? field : JSON.stringify(field)}`);
  return `${time} ${paint(level.padEnd(5))} ${withoutStack(text)} ${paints.dim(fields.join(' '))}`.trim();
}
