import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test as base } from 'vitest';
import type { PredictConfig, PredictServer } from '../index.ts';
import { serveFolder } from '../../test/serve-fixture.ts';

const CODE = `import os, socket
from typing import Optional
from cog import Path
def predict(action: str, target: str = "", size: int = 0, source: Optional[Path] = None) -> str:
    if source:
        lent = [name for name in os.listdir(source.parent.parent.parent) if name.startswith("inputs-")]
        return f"{source.read_text()} {len(lent)}"
    if action == "read":
        return open(target).read()
    if action == "write":
        open(target, "w").write("x")
        return "written"
    if action == "connect":
        host, port = target.split(":")
        socket.create_connection((host, int(port)), timeout=5).close()
        return "connected"
    if action == "env":
        return ",".join(sorted(os.environ))
    if action == "kill":
        os.kill(int(target), 0)
        return "seen"
    if action == "memory":
        return str(len(bytearray(size * 1024 * 1024)))
    return str(os.getpid())
`;

interface Stand {
  readonly dir: string;
  serve(config: Partial<PredictConfig>): Promise<(input: object) => Promise<Record<string, unknown>>>;
}

const test = base.extend<{ stand: Stand }>({
  stand: async ({ task: _task }, use) => {
    const dir = await mkdtemp(path.join(tmpdir(), 'switchyard-contained-'));
    await writeFile(path.join(dir, 'predict.py'), CODE);
    const servers: PredictServer[] = [];
    await use({
      dir,
      async serve(config) {
        const server = await serveFolder(dir, config);
        servers.push(server);
        const health = async () =>
          ((await (await fetch(`${server.url}/health-check`)).json()) as { status: string }).status;
        await expect.poll(health, { timeout: 60_000 }).toBe('READY');
        return async (input) => {
          const response = await fetch(`${server.url}/predictions`, {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify({ input }),
          });
          return (await response.json()) as Record<string, unknown>;
        };
      },
    });
    await Promise.all(servers.map((server) => server.close()));
    await rm(dir, { recursive: true, force: true });
  },
});

test.for([
  ['with a /proc of its own', true],
  ['where none can be mounted', false],
] as const)(
  'in bubblewrap a predictor sees its own folders alone, no network, no other process: %s',
  { timeout: 120_000 },
  async ([, hasProc], { stand }) => {
    const listener = createServer((socket) => socket.end());
    await new Promise<void>((resolve) => void listener.listen(0, '127.0.0.1', resolve));
    const target = `127.0.0.1:${(listener.address() as AddressInfo).port}`;
    const outside = path.join(import.meta.dirname, '../../package.json');
    const sandbox = { bwrapPath: 'bwrap', sharesNetwork: false, hasProc };
    const inside = await stand.serve({ pythonSandbox: sandbox });
    expect(await inside({ action: 'pid' })).toMatchObject({ status: 'succeeded' });
    expect(await inside({ action: 'read', target: path.join(stand.dir, 'predict.py') })).toMatchObject({
      output: CODE,
    });
    for (const file of [outside, '/etc/passwd', `/proc/${process.pid}/environ`])
      expect(await inside({ action: 'read', target: file }), file).toMatchObject({ status: 'failed' });
    for (const file of [path.join(stand.dir, 'new'), '/tmp/../usr/switchyard', '/new'])
      expect(await inside({ action: 'write', target: file }), file).toMatchObject({ status: 'failed' });
    expect(await inside({ action: 'connect', target })).toMatchObject({ status: 'failed' });
    expect(await inside({ action: 'kill', target: String(process.pid) })).toMatchObject({ status: 'failed' });

    // A file that a client sent lies where the sandbox shows it, as long as it is needed, and nobody else's beside it.
    for (const text of ['one', 'two'])
      expect(await inside({ action: 'source', source: `data:text/plain,${text}` })).toMatchObject({
        status: 'succeeded',
        output: `${text} 1`,
      });

    // The same questions without it: they can be answered otherwise.
    const free = await stand.serve({});
    expect(await free({ action: 'read', target: outside })).toMatchObject({ status: 'succeeded' });
    expect(await free({ action: 'connect', target })).toMatchObject({ output: 'connected' });
    expect(await free({ action: 'kill', target: String(process.pid) })).toMatchObject({ output: 'seen' });
    listener.close();
  },
);

test(
  'memory over the bound fails the prediction and not the process',
  { timeout: 120_000 },
  async ({ stand }) => {
    const bounded = await stand.serve({ memoryMb: 256 });
    const before = await bounded({ action: 'pid' });
    expect(await bounded({ action: 'memory', size: 64 })).toMatchObject({ output: String(64 * 1024 * 1024) });
    expect(await bounded({ action: 'memory', size: 512 })).toMatchObject({
      status: 'failed',
      error: 'MemoryError',
    });
    expect(await bounded({ action: 'pid' })).toMatchObject({ output: before['output'] });
    const free = await stand.serve({});
    expect(await free({ action: 'memory', size: 512 })).toMatchObject({ status: 'succeeded' });
  },
);

test(
  'what a client reads of a failure names no folder of this machine, and no variable is passed on',
  { timeout: 120_000 },
  async ({ stand }) => {
    const call = await stand.serve({});
    const { logs, error } = await call({ action: 'read', target: path.join(stand.dir, 'gone') });
    expect(error).toBe("[Errno 2] No such file or directory: './gone'");
    expect(logs).toContain('File "./predict.py", line 9, in predict');
    expect(`${String(logs)}${String(error)}`).not.toContain(stand.dir);
    expect(logs).not.toContain(path.resolve(import.meta.dirname, '../..'));
    const { output } = await call({ action: 'env' });
    expect(String(output).split(',')).not.toContain('NODE_ENV');
    expect(String(output)).not.toMatch(/COGLET_STATUS|DATABASE|REDIS/u);
  },
);
