import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import type { Duplex } from 'node:stream';
import { WIRE_FD } from './host-command.ts';
import type { HostCommand } from './host-command.ts';
import type { LogTail } from './log-tail.ts';
import type { RunnerConfig } from './runner-config.ts';

/** After `exit`, the last messages may still be in the pipe; a pipe that somebody else holds open is not waited for longer. */
const LAST_WORDS_MS = 200;

export interface HostChildParts {
  readonly command: HostCommand;
  readonly config: Pick<RunnerConfig, 'uid' | 'gid'>;
  /** Takes what the process writes to its outputs. */
  readonly tail: LogTail;
  /** Once: after the last words, or when the program could not be started at all. */
  ended(code: number | null, signal: string | null, why?: 'start-failed'): void;
}

/** The operating system's side of a host: one child process, its outputs and its end. */
export class HostChild {
  readonly pid: number;
  /** The host wire's end on this side. */
  readonly socket: Duplex;
  readonly #child: ChildProcess;

  constructor({ command, config, tail, ended }: HostChildParts) {
    const { uid, gid } = config;
    this.#child = spawn(command.command, [...command.args], {
      env: {},
      cwd: '/',
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      ...(uid === undefined ? {} : { uid }),
      ...(gid === undefined ? {} : { gid }),
    });
    this.pid = this.#child.pid ?? -1;
    this.socket = this.#child.stdio[WIRE_FD] as Duplex;
    this.socket.on('error', () => undefined);
    for (const output of [this.#child.stdout, this.#child.stderr]) {
      output?.setEncoding('utf8').on('data', (chunk: string) => tail.write(chunk));
    }
    const closed = new Promise((resolve) => this.#child.once('close', resolve));
    this.#child.once('error', (error) => {
      tail.add(error.message);
      ended(null, null, 'start-failed');
    });
    this.#child.once('exit', (code, signal) => {
      const timer = setTimeout(() => ended(code, signal), LAST_WORDS_MS);
      void closed.then(() => {
        clearTimeout(timer);
        ended(code, signal);
      });
    });
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }
}
