import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compiledOnce } from '@switchyard/testkit';

export const PROGRAM = fileURLToPath(new URL('../../packages/cli/src/main.ts', import.meta.url));

export interface CommandEnd {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningCommand {
  /** Resolves when stdout holds the text this many times; rejects when the command ended without. */
  until(text: string, times?: number): Promise<void>;
  interrupt(): void;
  readonly ended: Promise<CommandEnd>;
}

/** The program as a person has it: an own home, a folder to stand in, no terminal. */
export interface CommandLine extends AsyncDisposable {
  readonly folder: string;
  readonly home: string;
  start(words: readonly string[], options?: RunOptions): RunningCommand;
  run(words: readonly string[], options?: RunOptions): Promise<CommandEnd>;
  /** Runs it, expects exit code 0 and reads its JSON lines. */
  json(words: readonly string[], options?: RunOptions): Promise<Record<string, unknown>[]>;
}

export interface RunOptions {
  readonly input?: string;
  /** Below `folder`. */
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export const openCommandLine = async (): Promise<CommandLine> => {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'switchyard-cli-')));
  const home = join(folder, 'home');
  const running = new Set<ReturnType<typeof spawn>>();

  const start: CommandLine['start'] = (words, { input = '', cwd = '.', env = {} } = {}) => {
    const { PATH = '' } = process.env;
    const child = spawn(process.execPath, [PROGRAM, ...words], {
      cwd: join(folder, cwd),
      env: { PATH, HOME: home, ...compiledOnce(), ...env },
    });
    running.add(child);
    child.stdin.end(input);
    const out = { stdout: '', stderr: '' };
    const looks = new Set<() => void>();
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (chunk: string) => {
        out[name] += chunk;
        for (const look of looks) look();
      });
    }
    const ended = once(child, 'close').then(([code]: unknown[]) => {
      running.delete(child);
      return { code: code as number | null, ...out };
    });
    const until: RunningCommand['until'] = (text, times = 1) =>
      new Promise((resolve, reject) => {
        const look = (): void => void (out.stdout.split(text).length > times && resolve());
        looks.add(look);
        look();
        void ended.then((end) => reject(new Error(`it ended without "${text}": ${JSON.stringify(end)}`)));
      });
    return { until, interrupt: () => void child.kill('SIGINT'), ended };
  };

  const run: CommandLine['run'] = (words, options) => start(words, options).ended;
  return {
    folder,
    home,
    start,
    run,
    async json(words, options) {
      const end = await run([...words, '--json'], options);
      if (end.code !== 0) throw new Error(`${words.join(' ')} ended so: ${JSON.stringify(end)}`);
      return end.stdout
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
    },
    async [Symbol.asyncDispose]() {
      for (const child of running) child.kill('SIGKILL');
      await rm(folder, { recursive: true, force: true });
    },
  };
};
