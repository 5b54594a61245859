import { spawn } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type { Scope } from '@switchyard/kernel';
import { compiledOnce } from '@switchyard/testkit';

/** The secrets service as a process of its own. */
export async function startSecrets(
  scope: Scope,
  at: { tenant: string; project: string },
  /** Files with which it speaks HTTPS. */
  issued?: { certFile: string; keyFile: string },
): Promise<{ secretsUrl: string; secretsToken: string }> {
  const secretsToken = 'a-token-of-this-test-that-is-long-enough';
  const main = path.join(import.meta.dirname, '../../secrets/src/main.ts');
  const child = spawn(process.execPath, [main], {
    env: {
      ...compiledOnce(),
      PORT: '0',
      SECRETS_TOKEN: secretsToken,
      TENANT: at.tenant,
      PROJECT: at.project,
      ...(issued === undefined
        ? {}
        : { INTERNAL_CERT_FILE: issued.certFile, INTERNAL_KEY_FILE: issued.keyFile }),
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = new Promise((resolve) => void child.once('exit', resolve));
  scope.defer(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const { msg, port } = JSON.parse(line) as { msg?: string; port?: number };
    if (msg !== 'listening') continue;
    child.stdout.resume();
    const origin = issued === undefined ? 'http://127.0.0.1' : 'https://localhost';
    return { secretsUrl: `${origin}:${port}`, secretsToken };
  }
  throw new Error('the secrets service did not start');
}
