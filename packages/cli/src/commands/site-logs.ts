import { setTimeout as sleep } from 'node:timers/promises';
import type { CommandSpec } from '../command-spec.ts';
import type { Output } from '../output.ts';
import { sitePath } from '../site-path.ts';

interface LogEntry {
  readonly time: string;
  readonly request_id: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly ms: number;
  readonly is_aborted?: true;
}

interface LogPart {
  readonly entries: readonly LogEntry[];
  readonly position: string;
}

const LAST = 100;
const AT_ONCE = 1_000;
const POLL_MS = 1_000;

export const siteLogs: CommandSpec = {
  name: 'site logs',
  summary: 'Show the last requests of a site',
  details: 'Method, path, status and time, of all workers. Queries, headers and bodies are in no log.',
  arguments: [{ name: '<site>', description: 'the name of the site' }],
  options: [{ flags: '-f, --follow', description: 'go on with the next ones; Ctrl-C ends it' }],
  examples: [
    ['site logs blog', 'the last hundred'],
    ['site logs blog --follow --json', 'every request as JSON, until Ctrl-C'],
  ],
  async run({ args: [site = ''], options, output, server, signal }) {
    const at = await server();
    let after: string | undefined;
    try {
      do {
        const limit = after === undefined ? LAST : AT_ONCE;
        const part = await at.json<LogPart>(sitePath(site, 'logs'), { query: { after, limit } });
        for (const entry of part.entries) output.result(entry, () => formatEntry(entry, output));
        after = part.position;
        if (options['follow'] === true && part.entries.length < limit)
          await sleep(POLL_MS, undefined, { signal });
      } while (options['follow'] === true && !signal.aborted);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  },
};

function formatEntry(entry: LogEntry, { paints }: Output): string {
  const { time, method, path, status, ms, request_id: id } = entry;
  const paint = status >= 500 ? paints.red : status >= 400 ? paints.yellow : paints.green;
  const how = entry.is_aborted === true ? ' left early' : '';
  return `${time} ${paint(String(status))} ${method} ${path} ${paints.dim(`${ms} ms${how} ${id}`)}`;
}
