import type { ChildProcess } from 'node:child_process';
import { Readable } from 'node:stream';
import { describeExit, describeStartError } from './describe-exit.ts';
import { HostLines } from './host-lines.ts';
import type { PythonHostParts } from './python-host-parts.ts';
import { signalGroup } from './signal-group.ts';
import { STATUS_FD, spawnPython } from './spawn-python.ts';
import type { PythonPlace } from './spawn-python.ts';

/** After `exit`, last words may still be in the pipes; one that a child of the host holds open is not waited for longer. */
const LAST_WORDS_MS = 500;

/** What is told of a process. */
export interface PythonProcessEars {
  /** A whole line, and the prediction that it names. */
  onLine(id: string | undefined, line: string): void;
  /** One of the two pipes has nothing more of this prediction. */
  onMark(id: string): void;
  /** There may be something new in the folder. */
  onStatus(): void;
  /** Once, after its last words. */
  onGone(): void;
}

/** The process of one Python predictor with all that it started: its pipes, its signals, and why it ended. */
export class PythonProcess {
  readonly #parts: PythonHostParts;
  readonly #ears: PythonProcessEars;
  readonly #child: ChildProcess;
  readonly #closeStatus: () => void;
  #reason: string | undefined;
  #isGone = false;

  constructor(parts: PythonHostParts, place: Omit<PythonPlace, 'statusUrl'>, ears: PythonProcessEars) {
    this.#parts = parts;
    this.#ears = ears;
    const status = parts.status.open(() => ears.onStatus());
    this.#closeStatus = () => status.close();
    this.#child = spawnPython(parts, { ...place, statusUrl: status.url });
    this.#watch();
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  /** Why it ended, or is about to. */
  get reason(): string {
    return this.#reason ?? 'it ended';
  }

  /** The same as a sentence for whoever waits for a prediction. */
  get failure(): string {
    return `the process of the predictor is gone: ${this.reason}`;
  }

  /** There is something new in the folder for it. */
  ring(): void {
    this.#child.stdin?.write('\n');
  }

  /** The first reason is the one that is told: whatever follows comes of it. */
  because(reason: string): void {
    this.#reason ??= reason;
  }

  kill(reason: string): void {
    this.because(reason);
    this.signal('SIGKILL');
  }

  signal(signal: 'SIGTERM' | 'SIGKILL'): void {
    signalGroup(this.#child.pid, signal);
  }

  #watch(): void {
    const child = this.#child;
    const lines = [child.stdout, child.stderr].map((pipe) => {
      const split = new HostLines({
        onLine: (id, line) => this.#ears.onLine(id, line),
        onEnd: (id) => this.#ears.onMark(id),
      });
      pipe?.on('data', (chunk: Buffer) => split.write(chunk));
      pipe?.once('end', () => split.end());
      return split;
    });
    child.stdin?.on('error', () => undefined);
    const status = child.stdio[STATUS_FD];
    if (status instanceof Readable) status.on('data', () => this.#ears.onStatus());
    const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
    child.once('error', (error) => {
      this.because(describeStartError(child.spawnfile, error));
      this.#end();
    });
    child.once('exit', (code, signal) => {
      this.because(describeExit(code, signal, this.#parts.config.pythonSandbox !== undefined));
      const timer = setTimeout(() => this.#end(), LAST_WORDS_MS);
      void closed.then(() => {
        clearTimeout(timer);
        for (const split of lines) split.end();
        this.#end();
      });
    });
  }

  #end(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#closeStatus();
    // What it started and left behind.
    this.signal('SIGKILL');
    this.#ears.onGone();
  }
}
