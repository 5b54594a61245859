import { spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Scope } from '@switchyard/kernel';
import { compiledOnce } from '@switchyard/testkit';

/** The service that runs generated code, as a process of its own. Kill it by `stop`. */
export async function startExec(
  scope: Scope,
  env: Readonly<Record<string, string>> = {},
): Promise<{ execUrl: string; execToken: string; stop(): Promise<void> }> {
  const execToken = 'a-token-of-this-test-that-is-long-enough';
  const main = path.join(import.meta.dirname, '../../exec/src/main.ts');
  const child = spawn(process.execPath, [main], {
    env: { ...compiledOnce(), PORT: '0', EXEC_TOKEN: execToken, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = new Promise((resolve) => void child.once('exit', resolve));
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exited;
  };
  scope.defer(stop);
  for await (const line of createInterface({ input: child.stdout })) {
    const { msg, port } = JSON.parse(line) as { msg?: string; port?: number };
    if (msg !== 'listening') continue;
    child.stdout.resume();
    return { execUrl: `http://127.0.0.1:${port}`, execToken, stop };
  }
  throw new Error('the service that runs code did not start');
}
