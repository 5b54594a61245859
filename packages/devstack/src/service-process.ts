import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { getCompileCacheDir } from 'node:module';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { endProcess, identify } from './process-identity.ts';
import type { ProcessIdentity } from './process-identity.ts';
import type { Warden } from './warden.ts';

export interface ServiceProcessOptions {
  readonly name: string;
  readonly entry: string;
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly readyMs: number;
  readonly stopGraceMs: number;
  readonly onLine: (line: string) => void;
  readonly warden?: Warden;
}

/** One life of one service. A restart makes a new one. */
export interface ServiceProcess {
  readonly identity: ProcessIdentity;
  readonly exited: Promise<number | string>;
  /** SIGTERM, the grace time, then SIGKILL. */
  stop(): Promise<void>;
  /** SIGKILL at once, as a crash would. */
  kill(): Promise<void>;
}

const KEPT_LINES = 15;

const isReadyMessage = (message: unknown): boolean =>
  typeof message === 'object' && message !== null && 'ready' in message;

const untilReady = (
  child: ChildProcess,
  options: ServiceProcessOptions,
  tail: readonly string[],
  exited: Promise<number | string>,
): Promise<void> =>
  new Promise((resolve, reject) => {
    const fail = (reason: string): void => {
      clearTimeout(timer);
      reject(
        new Error(
          `${options.name} ${reason}${tail.length > 0 ? `; its last lines:\n  ${tail.join('\n  ')}` : ''}`,
        ),
      );
    };
    const timer = setTimeout(() => fail(`was not ready after ${options.readyMs / 1000} s`), options.readyMs);
    child.on('message', (message) => {
      if (!isReadyMessage(message)) return;
      clearTimeout(timer);
      resolve();
    });
    void exited.then((code) => fail(`ended before it was ready (${String(code)})`));
  });

/** A child compiles where this process does, if it does: what another start has compiled it only reads. */
const compileCache = (): Record<string, string> => {
  // Below the folder that was named, one for each version of Node.
  const ofThisNode = getCompileCacheDir();
  return ofThisNode === undefined ? {} : { NODE_COMPILE_CACHE: dirname(ofThisNode) };
};

/**
 * Starts a service as a child and resolves when it says that it is ready. The channel between us is how the child
 * learns that we died: it then stops by itself. Own process group, so that the terminal's Ctrl-C reaches only us.
 */
export const startServiceProcess = async (options: ServiceProcessOptions): Promise<ServiceProcess> => {
  const child = fork(options.entry, [], {
    cwd: options.cwd,
    env: { ...compileCache(), ...options.env },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const exited = new Promise<number | string>((resolve) => {
    child.once('exit', (code, signal) => resolve(code ?? signal ?? 'unknown'));
    child.once('error', (error) => resolve(error.message));
  });
  const tail: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    if (!stream) continue;
    createInterface({ input: stream }).on('line', (line) => {
      tail.push(line);
      if (tail.length > KEPT_LINES) tail.shift();
      options.onLine(line);
    });
  }
  const identity = child.pid === undefined ? undefined : identify(child.pid);
  if (!identity) throw new Error(`${options.name} could not be started (${String(await exited)})`);
  options.warden?.watch({ identity, endsItself: true, signal: 'SIGKILL', graceMs: options.stopGraceMs });
  void exited.then(() => options.warden?.forget(identity.pid));
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    await endProcess(identity, signal, options.stopGraceMs);
    await exited;
  };
  try {
    await untilReady(child, options, tail, exited);
  } catch (error) {
    await end('SIGKILL');
    throw error;
  }
  return { identity, exited, stop: () => end('SIGTERM'), kill: () => end('SIGKILL') };
};
