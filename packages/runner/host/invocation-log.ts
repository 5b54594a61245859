import { AsyncLocalStorage } from 'node:async_hooks';
import { format, inspect } from 'node:util';
import type { LogLevel } from './messages.ts';

/** Longer lines are cut: a log is for reading. */
const MAX_LINE = 8 * 1024;

const METHODS: Readonly<Record<string, LogLevel>> = {
  debug: 'debug',
  trace: 'debug',
  log: 'info',
  info: 'info',
  warn: 'warn',
  error: 'error',
};

/** Knows which invocation code runs for, however many overlap, and sends console output there. */
export class InvocationLog {
  readonly #storage = new AsyncLocalStorage<number>();
  readonly #write: (line: { id?: number; level: LogLevel; text: string }) => void;

  constructor(write: (line: { id?: number; level: LogLevel; text: string }) => void) {
    this.#write = write;
  }

  run<T>(id: number, work: () => T): T {
    return this.#storage.run(id, work);
  }

  line(level: LogLevel, text: string): void {
    const id = this.#storage.getStore();
    this.#write({
      ...(id === undefined ? {} : { id }),
      level,
      text: text.length > MAX_LINE ? `${text.slice(0, MAX_LINE)}…` : text,
    });
  }

  captureConsole(): void {
    for (const [method, level] of Object.entries(METHODS)) {
      Reflect.set(console, method, (...args: unknown[]) => this.line(level, format(...args)));
    }
    Reflect.set(console, 'dir', (value: unknown, options?: object) =>
      this.line('info', inspect(value, { ...options })),
    );
  }
}
