import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { record, startRunner, turnPayload, versionOf } from '../test/runner-fixture.ts';
import { startable } from '../test/startable-levels.ts';
import { probeSandbox } from './probe-sandbox.ts';
import { DEFAULT_RUNNER_CONFIG } from './runner-config.ts';

let folder = '';
let file = '';
const requests: string[] = [];
const server = createServer((request, response) => {
  requests.push(request.url ?? '');
  response.end('reached');
});

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'switchyard-outside-'));
  file = join(folder, 'secret-of-another.txt');
  await writeFile(file, 'secret');
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  server.close();
  await rm(folder, { recursive: true });
});

async function probe(sandbox: 'permission' | 'bwrap'): Promise<Record<string, string>> {
  await using runner = await startRunner({ sandbox });
  const { port } = server.address() as AddressInfo;
  const message = JSON.stringify({ file, parent: process.pid, port });
  const result = (await runner.invoke(
    versionOf('prober'),
    record('', { payload: turnPayload(message) }),
  )) as { outcome: Record<string, string> };
  return result.outcome;
}

describe.each(startable(['permission', 'bwrap']))('at level %s', (level) => {
  test('a bundle reaches nothing outside of itself', async () => {
    const outcome = await probe(level);
    expect(Object.keys(outcome).length).toBeGreaterThan(60);
    expect(Object.entries(outcome).filter(([, what]) => !what.startsWith('refused'))).toEqual([]);
    expect(requests).toEqual([]);
  });
});

// The permission model follows links out of the folder; there the registry must refuse versions that hold any (README).
test.each(startable(['bwrap']))('inside %s a link in the version folder leads nowhere', async (sandbox) => {
  const dir = await mkdtemp(join(tmpdir(), 'switchyard-linked-'));
  await symlink(file, join(dir, 'link.txt'));
  const code = `import { defineBundle } from '@switchyard/bundle-sdk'; import { readFileSync } from 'node:fs';
    export default defineBundle({ id: 'linked', name: 'Linked', executeCore: () => ({ text: readFileSync(import.meta.dirname + '/link.txt', 'utf8') }) });`;
  await writeFile(join(dir, 'bundle.ts'), code);
  await using runner = await startRunner({ sandbox });
  const version = { bundleId: 'linked', versionId: 'linked__1__1', dir, entry: 'bundle.ts' };
  await expect(runner.invoke(version, record('x'))).rejects.toMatchObject({ code: 'BUNDLE_ERROR' });
  await rm(dir, { recursive: true });
});

test('a level asked for by name that does not start is an error', async () => {
  await expect(
    probeSandbox({ ...DEFAULT_RUNNER_CONFIG, sandbox: 'bwrap' }, '/nonexistent/node'),
  ).rejects.toThrow('bubblewrap does not start');
});
