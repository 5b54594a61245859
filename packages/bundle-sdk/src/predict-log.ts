import { AsyncLocalStorage } from 'node:async_hooks';
import { format } from 'node:util';

const MAX_LINE_CHARACTERS = 16 * 1024;
const CUT = ' ... [line cut]';

interface Sink {
  partial: string;
  write(line: string): void;
}

const storage = new AsyncLocalStorage<Sink>();
let isCapturing = false;

/**
 * Runs work whose output goes to `write`, line by line with line ends, however many such works overlap: console and
 * `process.stdout`/`stderr` alike. Partial lines are joined, a carriage return ends a line, long lines are cut.
 */
export async function withPredictLog<T>(write: (line: string) => void, work: () => Promise<T>): Promise<T> {
  capture();
  const sink: Sink = { partial: '', write };
  try {
    return await storage.run(sink, work);
  } finally {
    if (sink.partial !== '') tell(sink, sink.partial);
    sink.partial = '';
  }
}

function capture(): void {
  if (isCapturing) return;
  isCapturing = true;
  for (const method of ['debug', 'trace', 'log', 'info', 'warn', 'error', 'dir'] as const) {
    const former = console[method].bind(console) as (...args: unknown[]) => void;
    Reflect.set(console, method, (...args: unknown[]) => {
      const sink = storage.getStore();
      if (sink === undefined) former(...args);
      else add(sink, `${format(...args)}\n`);
    });
  }
  for (const stream of [process.stdout, process.stderr]) {
    const former = stream.write.bind(stream) as (...args: unknown[]) => boolean;
    Reflect.set(stream, 'write', (chunk: string | Uint8Array, ...rest: unknown[]) => {
      const sink = storage.getStore();
      if (sink === undefined) return former(chunk, ...rest);
      add(sink, typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8'));
      const done = rest.at(-1);
      if (typeof done === 'function') queueMicrotask(() => (done as () => void)());
      return true;
    });
  }
}

function add(sink: Sink, text: string): void {
  const lines = (sink.partial + text).split(/\r\n|\n|\r/u);
  const rest = lines.pop() ?? '';
  for (const line of lines) tell(sink, line);
  // One more than is kept, so that the cut is seen when the line ends.
  sink.partial = rest.slice(0, MAX_LINE_CHARACTERS + 1);
}

function tell(sink: Sink, line: string): void {
  sink.write(
    line.length > MAX_LINE_CHARACTERS ? `${line.slice(0, MAX_LINE_CHARACTERS)}${CUT}\n` : `${line}\n`,
  );
}
