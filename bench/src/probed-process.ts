import { fork } from 'node:child_process';
import path from 'node:path';

export interface Usage {
  /** User and system time of the whole process. */
  readonly cpuMs: number;
  readonly rssBytes: number;
  readonly heapBytes: number;
}

/** A program in a process of its own, whose costs can be asked for. */
export interface ProbedProcess {
  readonly pid: number;
  /** What it said when it was ready. */
  readonly hello: unknown;
  usage(): Promise<Usage>;
  /** Sends a message and resolves with the next one that comes back. One question at a time. */
  ask(question: unknown): Promise<unknown>;
  /** SIGKILL, as a crash would; resolves when it is gone. */
  kill(): Promise<void>;
  /** SIGTERM, and SIGKILL after ten seconds. */
  stop(): Promise<void>;
}

export interface ProgramOptions {
  readonly file: string;
  readonly env: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** So that memory can be read after a collection. */
  readonly hasGc?: boolean;
  /** It writes its log as it would, and nobody reads it. */
  readonly isUnread?: boolean;
}

const PROBE = path.join(import.meta.dirname, 'probe.ts');
const STOP_MS = 10_000;

const isUsage = (message: unknown): message is { usage: Usage } =>
  typeof message === 'object' && message !== null && 'usage' in message;

/** Resolves when the program has sent its first message. It ends when its IPC channel does. */
export async function startProgram(options: ProgramOptions): Promise<ProbedProcess> {
  const { file, env, cwd, hasGc, isUnread } = options;
  const child = fork(file, [], {
    env: { PATH: process.env['PATH'], NODE_ENV: 'production', ...env },
    ...(cwd === undefined ? {} : { cwd }),
    execArgv: [...(hasGc === true ? ['--expose-gc'] : []), '--import', PROBE],
    stdio: ['ignore', isUnread === true ? 'ignore' : 'inherit', 'inherit', 'ipc'],
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const usages: ((usage: Usage) => void)[] = [];
  const answers: ((answer: unknown) => void)[] = [];
  child.on('message', (message) => {
    if (isUsage(message)) usages.shift()?.(message.usage);
    else answers.shift()?.(message);
  });
  const failed = new Promise<never>((_resolve, reject) =>
    child.once('exit', (code, signal) =>
      reject(new Error(`${path.basename(file)} ended with ${String(code ?? signal)}`)),
    ),
  );
  failed.catch(() => undefined);
  const next = () => Promise.race([failed, new Promise<unknown>((resolve) => void answers.push(resolve))]);
  const hello = await next();
  return {
    pid: child.pid ?? 0,
    hello,
    usage() {
      const told = new Promise<Usage>((resolve) => void usages.push(resolve));
      child.send('probe');
      return Promise.race([failed, told]);
    },
    ask(question) {
      const answer = next();
      child.send(question as string);
      return answer;
    },
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
    async stop() {
      child.kill('SIGTERM');
      const hard = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
      await exited;
      clearTimeout(hard);
    },
  };
}
