import { createWriteStream, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';

const isColoured = process.stdout.isTTY && process.env['NO_COLOR'] === undefined;
const COLOURS = [36, 35, 33, 34, 32, 95, 96];
const NAME_WIDTH = 12;
/** A log file is moved aside once at start when it is bigger than this. */
const ROTATE_BYTES = 20 * 1024 * 1024;

const paint = (code: number, text: string): string => (isColoured ? `\u001B[${code}m${text}\u001B[0m` : text);

const LEVELS: Readonly<Record<string, number>> = { debug: 2, info: 0, warn: 33, error: 31 };

interface LogLine {
  level?: string;
  time?: string;
  service?: string;
  message?: string;
  msg?: string;
  [field: string]: unknown;
}

const fieldText = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** A JSON line as a person reads it; anything else as it is. */
export const formatLine = (line: string): string => {
  if (!line.startsWith('{')) return line;
  try {
    const { level = 'info', time, service: _service, message, msg, ...fields } = JSON.parse(line) as LogLine;
    const rest = Object.entries(fields).map(([name, value]) => `${name}=${fieldText(value)}`);
    const clock = time?.slice(11, 23) ?? '';
    return `${clock} ${paint(LEVELS[level] ?? 0, level.padEnd(5))} ${message ?? msg ?? ''} ${paint(2, rest.join(' '))}`.trimEnd();
  } catch {
    return line;
  }
};

/** Name in the service's own colour, then the line. */
export const withName = (name: string, line: string): string => {
  const code = COLOURS[Buffer.from(name).reduce((sum, byte) => sum + byte, 0) % COLOURS.length] ?? 0;
  return `${paint(code, name.padEnd(NAME_WIDTH))} ${formatLine(line)}`;
};

const rotate = (file: string): void => {
  try {
    if (statSync(file).size > ROTATE_BYTES) renameSync(file, `${file}.1`);
  } catch {
    // no such file yet
  }
};

/** One file per source below `dir`, raw lines, for `./dev logs`. */
export const createLogFiles = (dir: string) => {
  const streams = new Map<string, ReturnType<typeof createWriteStream>>();
  return {
    write: (source: string, line: string): void => {
      let stream = streams.get(source);
      if (!stream) {
        const file = join(dir, `${source}.log`);
        rotate(file);
        stream = createWriteStream(file, { flags: 'a', mode: 0o600 });
        stream.on('error', () => {}); // a full disk must not end the stack
        streams.set(source, stream);
      }
      stream.write(`${line}\n`);
    },
    close: async (): Promise<void> => {
      await Promise.all(
        [...streams.values()].map((stream) => new Promise<void>((resolve) => stream.end(resolve))),
      );
    },
  };
};
