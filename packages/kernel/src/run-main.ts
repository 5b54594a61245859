import { forbidCoreDumps } from './core-dumps.ts';
import { Deadline } from './deadline.ts';
import { sleep } from './wait.ts';

/** What a service's `start` returns to `runMain`. */
export interface RunningMain {
  stop(deadline: Deadline): Promise<void>;
}

export interface MainOptions {
  name: string;
  start: () => Promise<RunningMain>;
  /** How long a stop may take before the process ends hard. */
  stopMs: number;
  /** Where a line for the operator goes when there is no logger yet. */
  say?: (line: string) => void;
}

/** How long one that is asked to end in its start may take to finish it, so that what it holds already is given back in order. */
const STARTING_MS = 5000;

/**
 * The life of a process: no core dumps, start, wait for SIGTERM or SIGINT, stop with a deadline, exit. A second signal, a deadline that
 * passes or an unhandled error ends it hard with exit code 1. When the launcher that holds our IPC channel dies, we stop too,
 * so that a killed launcher leaves no process behind.
 */
export async function runMain({
  name,
  start,
  stopMs,
  say = (line) => process.stderr.write(`${line}\n`),
}: MainOptions): Promise<void> {
  let running: RunningMain | undefined;
  let starting: Promise<unknown> = Promise.resolve();
  let isStopping = false;
  const stop = (reason: string, exitCode: number) => {
    if (isStopping) process.exit(1);
    isStopping = true;
    const hard = setTimeout(() => {
      say(`${name}: not stopped after ${stopMs} ms, ending hard`);
      process.exit(1);
    }, stopMs + 1000);
    hard.unref();
    const settled = exitCode === 0 ? Promise.race([starting, sleep(STARTING_MS)]) : Promise.resolve();
    const stopped = settled.then(() => running?.stop(Deadline.in(stopMs)));
    stopped.then(
      () => process.exit(exitCode),
      (error: unknown) => {
        say(`${name}: stopping after ${reason} failed: ${String(error)}`);
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', () => stop('SIGTERM', 0));
  process.on('SIGINT', () => stop('SIGINT', 0));
  process.on('disconnect', () => stop('the end of the launcher', 0));
  process.on('uncaughtException', (error) => {
    say(`${name}: uncaught: ${error.stack ?? String(error)}`);
    stop('an uncaught error', 1);
  });
  try {
    // Every service has keys in its memory. Where they cannot be forbidden, the secrets service says so.
    await forbidCoreDumps(process.pid);
    const begun = start().then((main) => (running = main));
    starting = begun.catch(() => undefined);
    await begun;
    if (!isStopping && process.send !== undefined && process.connected) process.send({ ready: name });
  } catch (error) {
    say(`${name}: did not start: ${error instanceof Error ? describe(error) : String(error)}`);
    process.exit(1);
  }
}

function describe(error: Error): string {
  // A bad setting is the operator's to mend: one line. Anything else is ours: the stack.
  return 'code' in error && error.code === 'CONFIG' ? error.message : (error.stack ?? error.message);
}
