import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { platformTest } from '@switchyard/testkit';
import { expect, onTestFinished } from 'vitest';

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));

function launch(env: Record<string, string>) {
  const child = spawn(process.execPath, [MAIN], { env, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += String(chunk)));
  return { child, output: () => output };
}

platformTest(
  'the service starts from its environment, serves, and ends in order on SIGTERM',
  async ({ redis, postgres }) => {
    const { child, output } = launch({
      NODE_ENV: 'development',
      HOST: '127.0.0.1',
      PORT: '0',
      TENANT: redis.tenant,
      REDIS_URL: redis.url,
      DATABASE_URL: postgres.url,
      SWITCHYARD_MASTER_KEY: 'test-master-key-of-at-least-32-characters',
      BLOB_DIR: '/nonexistent/not-used-here',
      SHUTDOWN_SPREAD: '100ms',
    });
    await once(child, 'message');
    // The pipe of the log and the channel of the message have no common order.
    await expect.poll(output).toContain('"port":');
    const port = Number(/"port":(\d+)/.exec(output())?.[1]);
    const token = 'bearer_token=a-secret-token';
    expect((await fetch(`http://127.0.0.1:${port}/health/ready`)).status).toBe(200);
    expect((await fetch(`http://127.0.0.1:${port}/sse/stream?${token}`)).status).toBe(401);
    const stream = await fetch(`http://127.0.0.1:${port}/sse/stream?stream_id=s1`);
    child.kill('SIGTERM');
    expect(await stream.text()).toContain('event: server_shutdown');
    expect(await once(child, 'exit')).toEqual([0, null]);
    expect(output()).toContain('request answered');
    expect(output()).not.toContain('a-secret-token');
  },
);

platformTest('bad settings refuse to start with one line that names them all', async () => {
  const { child, output } = launch({ PORT: 'x', SHUTDOWN_SPREAD: '3 parsecs' });
  expect(await once(child, 'exit')).toEqual([1, null]);
  const line = output().trim();
  expect(line.split('\n')).toHaveLength(1);
  for (const name of [
    'PORT',
    'SHUTDOWN_SPREAD',
    'REDIS_URL',
    'DATABASE_URL',
    'SWITCHYARD_MASTER_KEY',
    'BLOB_DIR',
  ])
    expect(line).toContain(name);
});
