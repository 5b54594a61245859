import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { PlatformError } from '@switchyard/kernel';

export interface EngineCall {
  /** What the command reads. */
  readonly input?: string | Readable;
  readonly stdout?: (stream: Readable) => Promise<void>;
  readonly stderr?: (stream: Readable) => Promise<void>;
  readonly signal?: AbortSignal;
}

/** A container engine by its command, which podman and docker share. */
export class Engine {
  readonly #command: string;
  readonly #env: Readonly<Record<string, string>>;

  /** `host`: where it answers; empty: where the command looks by itself. */
  constructor(command: string, host: string, path: string) {
    this.#command = command;
    this.#env = { PATH: path, ...(host === '' ? {} : { DOCKER_HOST: host, CONTAINER_HOST: host }) };
  }

  /** The exit code of a command; null: it was ended. Rejects UNAVAILABLE where it does not start. */
  async call(args: readonly string[], given: EngineCall = {}): Promise<number | null> {
    const child = spawn(this.#command, [...args], { env: this.#env, stdio: ['pipe', 'pipe', 'pipe'] });
    const kill = (): void => void child.kill('SIGKILL');
    if (given.signal?.aborted === true) kill();
    given.signal?.addEventListener('abort', kill, { once: true });
    const closed = new Promise<number | null>((resolve, reject) => {
      child.once('close', resolve);
      child.once('error', (cause) =>
        reject(PlatformError.of('UNAVAILABLE', 'The container engine cannot be called.', { cause })),
      );
    });
    child.stdin.on('error', () => undefined);
    if (typeof given.input === 'object') given.input.on('error', () => undefined).pipe(child.stdin);
    else child.stdin.end(given.input ?? '');
    try {
      const [code] = await Promise.all([
        closed,
        (given.stdout ?? drain)(child.stdout),
        (given.stderr ?? drain)(child.stderr),
      ]);
      return code;
    } finally {
      kill();
      given.signal?.removeEventListener('abort', kill);
    }
  }

  /** What a command prints. Rejects UNAVAILABLE with what it said where it fails. */
  async ask(args: readonly string[], signal?: AbortSignal): Promise<string> {
    const [out, errors]: [string[], string[]] = [[], []];
    const code = await this.call(args, {
      ...(signal === undefined ? {} : { signal }),
      stdout: (stream) => keep(stream, out),
      stderr: (stream) => keep(stream, errors),
    });
    if (code === 0) return out.join('').trim();
    const said = errors.join('').trim().slice(0, MAX_WORDS);
    throw PlatformError.of('UNAVAILABLE', 'The container engine refused.', {
      cause: new Error(`${args[0] ?? ''} ended with ${code ?? 'a signal'}: ${said}`),
    });
  }
}

const MAX_WORDS = 1000;

async function drain(stream: Readable): Promise<void> {
  stream.resume();
}

export async function keep(stream: Readable, into: string[]): Promise<void> {
  for await (const chunk of stream as AsyncIterable<Buffer>) into.push(chunk.toString());
}
