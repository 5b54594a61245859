import { existsSync, readdirSync, readFileSync, statSync, watchFile, unwatchFile } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { openDataFolder } from '../data-folder.ts';
import { UsageError } from './arguments.ts';
import type { Arguments } from './arguments.ts';
import { withName } from './log-lines.ts';

const SHOWN_LINES = 200;
const POLL_MS = 200;

interface SourceLine {
  readonly source: string;
  readonly line: string;
  readonly time: string;
}

const timeOf = (line: string): string | undefined => /"time":"([^"]+)"/.exec(line)?.[1];

/** Lines without a time of their own (a stack trace, a server's banner) stay behind the line before them. */
const readSource = (dir: string, source: string): SourceLine[] => {
  let time = '';
  return readFileSync(join(dir, `${source}.log`), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .slice(-SHOWN_LINES)
    .map((line) => {
      time = timeOf(line) ?? time;
      return { source, line, time };
    });
};

const readFrom = async (file: string, offset: number): Promise<string> => {
  const handle = await open(file);
  try {
    const { size } = await handle.stat();
    const from = size < offset ? 0 : offset;
    const { buffer, bytesRead } = await handle.read({ buffer: Buffer.alloc(size - from), position: from });
    return buffer.subarray(0, bytesRead).toString('utf8');
  } finally {
    await handle.close();
  }
};

const follow = (dir: string, source: string): (() => void) => {
  const file = join(dir, `${source}.log`);
  let offset = statSync(file).size;
  const onChange = async (): Promise<void> => {
    const text = await readFrom(file, offset);
    offset = statSync(file).size;
    for (const line of text.split('\n')) if (line !== '') console.log(withName(source, line));
  };
  watchFile(file, { interval: POLL_MS }, () => void onChange());
  return () => unwatchFile(file);
};

export const logs = async (args: Arguments): Promise<number> => {
  const data = await openDataFolder(args.dataDir);
  const all = readdirSync(data.logs)
    .filter((name) => name.endsWith('.log'))
    .map((name) => name.slice(0, -'.log'.length));
  const [wanted] = args.rest;
  if (wanted !== undefined && !existsSync(join(data.logs, `${wanted}.log`))) {
    throw new UsageError(`there is no log of ${wanted}; there is ${all.join(', ') || 'none yet'}`);
  }
  const sources = wanted === undefined ? all : [wanted];
  const lines = sources.flatMap((source) => readSource(data.logs, source));
  lines.sort((one, other) => one.time.localeCompare(other.time));
  for (const { source, line } of lines.slice(-SHOWN_LINES)) console.log(withName(source, line));
  if (!args.isFollowing) return 0;
  const ends = sources.map((source) => follow(data.logs, source));
  await new Promise<void>((resolve) => process.once('SIGINT', () => resolve()));
  for (const end of ends) end();
  return 0;
};
