import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test as base } from 'vitest';
import { serveFolder } from '../test/serve-fixture.ts';
import type { PredictConfig, PredictServer } from './index.ts';

const LIMIT = { timeout: 120_000 };
const PATIENT = { timeout: 60_000, interval: 20 };
/** Deeper than Python goes. */
const DEPTH = 3000;
const deep = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);

const CODE = (keyword: string): string => `import os
from typing import Any
from cog import Input
${keyword}def predict(d: Any = None, action: str = "pid") -> Any:
    if action == "deep":
        value = []
        for _ in range(${DEPTH}):
            value = [value]
        return value
    return os.getpid()
`;

interface View {
  readonly status: string;
  readonly output: unknown;
  readonly error: string | null;
}
type Serve = (code: string, config?: Partial<PredictConfig>) => Promise<PredictServer>;

const test = base.extend<{ serve: Serve }>({
  serve: async ({ task: _task }, use) => {
    const dir = await mkdtemp(path.join(tmpdir(), 'switchyard-deaf-'));
    const servers: PredictServer[] = [];
    await use(async (code, config) => {
      await writeFile(path.join(dir, 'predict.py'), code);
      const server = await serveFolder(dir, config);
      servers.push(server);
      const status = async () =>
        ((await (await fetch(`${server.url}/health-check`)).json()) as { status: string }).status;
      await expect.poll(status, PATIENT).toBe('READY');
      return server;
    });
    await Promise.all(servers.map((server) => server.close(0)));
    await rm(dir, { recursive: true });
  },
});

async function predict(server: PredictServer, body: string): Promise<View> {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${server.url}/predictions`, { method: 'POST', headers, body });
  return (await answer.json()) as View;
}

test.for(['', 'async '])(
  'what is nested deeper than a host goes is refused, or fails its prediction and no other: %sdef',
  LIMIT,
  async (keyword, { serve }) => {
    const server = await serve(CODE(keyword), { predictMs: 20_000 });
    const { output: pid } = await predict(server, '{"input": {}}');
    for (const depth of [DEPTH, 1_000_000])
      expect(await predict(server, `{"input": {"d": ${deep(depth)}}}`)).toMatchObject({
        error: 'invalid request body',
        detail: expect.stringContaining('nested deeper'),
      });
    expect(await predict(server, `{"input": {"d": ${deep(250)}}}`)).toMatchObject({ status: 'succeeded' });
    expect(await predict(server, '{"input": {"action": "deep"}}')).toMatchObject({
      status: 'failed',
      error: expect.stringContaining('recursion'),
    });
    // The same process goes on.
    expect(await predict(server, '{"input": {}}')).toMatchObject({ status: 'succeeded', output: pid });
  },
);

test(
  'a host that lives and takes no request is ended, and its prediction has failed with the reason',
  LIMIT,
  async ({ serve }) => {
    const server = await serve(CODE(''), { handoverMs: 1000 });
    const { output: pid } = await predict(server, '{"input": {}}');
    process.kill(Number(pid), 'SIGSTOP');
    const isStopped = async () => (await readFile(`/proc/${Number(pid)}/stat`, 'utf8')).includes(') T ');
    await expect.poll(isStopped, PATIENT).toBe(true);
    expect(await predict(server, '{"input": {}}')).toMatchObject({
      status: 'failed',
      error: 'the process of the predictor is gone: it did not take a prediction within 1 s',
    });
    const later = async () => (await predict(server, '{"input": {}}')).status;
    await expect.poll(later, PATIENT).toBe('succeeded');
  },
);
