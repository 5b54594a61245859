import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { endProcess, identify } from './process-identity.ts';
import type { ProcessIdentity } from './process-identity.ts';
import type { Warden } from './warden.ts';

export interface ServerProcessOptions {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly uid?: number;
  readonly gid?: number;
  readonly cwd?: string;
  /** The signal that asks for an orderly end. */
  readonly stopSignal: NodeJS.Signals;
  readonly stopGraceMs: number;
  readonly readyMs: number;
  /** Ready once this says yes to an output line. */
  readonly isReadyLine: (line: string) => boolean;
  readonly onLine?: (line: string) => void;
  readonly warden?: Warden;
}

/** A running third-party server in its own process group, so that the terminal's Ctrl-C reaches only its owner. */
export interface ServerProcess {
  readonly identity: ProcessIdentity;
  /** Resolves with the exit code (or signal name) however the process ends. */
  readonly exited: Promise<number | string>;
  stop(): Promise<void>;
  kill(): Promise<void>;
}

const KEPT_LINES = 12;

const untilReady = (
  child: ChildProcess,
  options: ServerProcessOptions,
  exited: Promise<unknown>,
): Promise<void> =>
  new Promise((resolve, reject) => {
    const tail: string[] = [];
    const fail = (reason: string): void =>
      reject(new Error(`${options.name} ${reason}${tail.length > 0 ? `:\n  ${tail.join('\n  ')}` : ''}`));
    const timer = setTimeout(() => fail(`was not ready after ${options.readyMs / 1000} s`), options.readyMs);
    const onLine = (line: string): void => {
      tail.push(line);
      if (tail.length > KEPT_LINES) tail.shift();
      options.onLine?.(line);
      if (!options.isReadyLine(line)) return;
      clearTimeout(timer);
      resolve();
    };
    for (const stream of [child.stdout, child.stderr]) {
      if (stream) createInterface({ input: stream }).on('line', onLine);
    }
    child.once('error', (error) => fail(`could not be started (${error.message})`));
    void exited.then((code) => {
      clearTimeout(timer);
      fail(`ended at once (${String(code)})`);
    });
  });

/** Starts a server and resolves when it is ready; a server that fails to start is gone when this rejects. */
export const startServerProcess = async (options: ServerProcessOptions): Promise<ServerProcess> => {
  const child = spawn(options.command, options.args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    env: options.env,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.uid === undefined ? {} : { uid: options.uid }),
    ...(options.gid === undefined ? {} : { gid: options.gid }),
  });
  const exited = new Promise<number | string>((resolve) => {
    child.once('exit', (code, signal) => resolve(code ?? signal ?? 'unknown'));
    child.once('error', (error) => resolve(error.message));
  });
  const identity = child.pid === undefined ? undefined : identify(child.pid);
  if (identity) {
    options.warden?.watch({ identity, signal: options.stopSignal, graceMs: options.stopGraceMs });
  }
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (!identity) return;
    await endProcess(identity, signal, options.stopGraceMs);
    await exited;
    options.warden?.forget(identity.pid);
  };
  try {
    await untilReady(child, options, exited);
    if (!identity) throw new Error(`${options.name} ended at once`);
    return { identity, exited, stop: () => end(options.stopSignal), kill: () => end('SIGKILL') };
  } catch (error) {
    await end('SIGKILL');
    throw error;
  }
};
