import { spawn } from 'node:child_process';
import { join } from 'node:path';

export interface CommandResult {
  readonly code: number;
  readonly output: string;
  readonly ms: number;
}

/** Runs a program of node_modules/.bin (or any other) at the root. Output is collected, or shown as it comes. */
export const runCommand = (
  root: string,
  command: readonly string[],
  { isShown, env }: { isShown: boolean; env?: Readonly<Record<string, string>> },
): Promise<CommandResult> =>
  new Promise((resolve) => {
    const start = performance.now();
    const [program = '', ...args] = command;
    const bin = join(root, 'node_modules', '.bin');
    const child = spawn(program, args, {
      cwd: root,
      stdio: ['ignore', isShown ? 'inherit' : 'pipe', isShown ? 'inherit' : 'pipe'],
      env: { ...process.env, ...env, PATH: `${bin}:${process.env['PATH'] ?? ''}` },
    });
    let output = '';
    const collect = (chunk: Buffer): void => {
      output += chunk.toString('utf8');
    };
    child.stdout?.on('data', collect);
    child.stderr?.on('data', collect);
    const end = (code: number): void => resolve({ code, output, ms: performance.now() - start });
    child.once('error', (error) => {
      output += error.message;
      end(1);
    });
    child.once('close', (code) => end(code ?? 1));
  });
