import type { CapabilityCallArgs, CapabilityResult, RunEvent } from '@switchyard/protocol';

type Asked = CapabilityCallArgs<'exec', 'run'>[0];

/** A program: its `code`, or a `command` with what it needs in `files`. */
export interface ExecProgram extends Omit<Asked, 'files'> {
  /** In the program's folder when it starts. */
  readonly files?: readonly { readonly path: string; readonly bytes: Uint8Array | string }[];
}

/** How a program ended, what it printed, and the files that are new or changed in its folder. */
export type ExecResult = CapabilityResult<'exec', 'run'>;

export interface ExecOptions {
  /** Hears what the program prints while it runs, by whole lines. The program waits for a promise. */
  readonly onOutput?: (text: string, stream: 'stdout' | 'stderr') => void | Promise<void>;
}

export interface Exec {
  /** What code can be written in here, and the limits; null where nothing runs code. */
  describe(): Promise<CapabilityResult<'exec', 'describe'>>;
  /**
   * Runs a program in a fresh sandbox without network, to its end. A program that fails or reaches a limit is a result: see `exit_code` and
   * `cause`. Rejects with code `capability_unavailable` where nothing runs code, `unavailable` where too much runs already.
   */
  run(program: ExecProgram, options?: ExecOptions): Promise<ExecResult>;
}

type Call = (
  target: 'exec',
  method: 'describe' | 'run' | 'stream',
  args: readonly unknown[],
) => Promise<never>;

export function createExec(call: Call): Exec {
  return {
    describe: () => call('exec', 'describe', []),
    async run({ files = [], ...rest }, { onOutput } = {}) {
      const program = {
        ...rest,
        files: files.map(({ path, bytes }) => ({
          path,
          bytes: typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes,
        })),
      };
      if (onOutput === undefined) return call('exec', 'run', [program]);
      const { events }: { events: AsyncIterable<Uint8Array> } = await call('exec', 'stream', [program]);
      return foldStream(events, onOutput);
    },
  };
}

async function foldStream(
  events: AsyncIterable<Uint8Array>,
  onOutput: NonNullable<ExecOptions['onOutput']>,
): Promise<ExecResult> {
  const text = { stdout: '', stderr: '' };
  const files: ExecResult['files'] = [];
  for await (const line of linesOf(events)) {
    // What comes was checked by proc against the catalog.
    const event = JSON.parse(line) as RunEvent;
    if (event.type === 'output') {
      text[event.stream] += event.text;
      await onOutput(event.text, event.stream);
    } else if (event.type === 'file')
      files.push({ path: event.path, bytes: Buffer.from(event.content, 'base64') });
    else if (event.type === 'end') {
      const { exit_code, signal, cause, left_out } = event;
      return { exit_code, signal, cause, left_out, ...text, timed_out: cause === 'timeout', files };
    }
  }
  throw new Error('the run ended without its end');
}

async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let parts: string[] = [];
  for await (const chunk of chunks) {
    const [first = '', ...rest] = decoder.decode(chunk, { stream: true }).split('\n');
    parts.push(first);
    for (const next of rest) {
      const line = parts.join('');
      parts = [next];
      if (line !== '') yield line;
    }
  }
}
