import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, vi } from 'vitest';
import { makeTar } from '@switchyard/registry/testing';
import { ACTOR_DIR, procTest as test } from '../../test/proc-rig.ts';
import type { ProcRig } from '../../test/proc-rig.ts';

interface Answer {
  status: number;
  body: Record<string, unknown>;
}
type Ask = (
  method: string,
  path: string,
  body?: unknown,
  headers?: Record<string, string>,
) => Promise<Answer>;

const bundleText = (says: string, id = 'sayer'): string => `
import { defineBundle, operation } from '@switchyard/bundle-sdk';
export default defineBundle({
  id: '${id}', name: '${says}', operations: { say: operation({ run: () => '${says}' }) },
});
`;

async function open(rig: ProcRig, settings?: Record<string, string>): Promise<{ ask: Ask; port: number }> {
  await rig.ship(ACTOR_DIR);
  const { port } = await rig.start(settings);
  const token = await rig.token('privileged');
  const ask: Ask = async (method, address, body, headers = {}) => {
    const isBytes = body instanceof Uint8Array;
    const json = body === undefined || isBytes ? {} : { 'content-type': 'application/json' };
    const response = await fetch(`http://127.0.0.1:${port}${address}`, {
      method,
      headers: { authorization: `Bearer ${token}`, ...json, ...headers },
      ...(body === undefined ? {} : { body: isBytes ? new Uint8Array(body) : JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  return { ask, port };
}

const ADMIN = '/admin/integrations/bundles';
const upload = async (ask: Ask, says: string, id = 'sayer') =>
  ask(
    'POST',
    `${ADMIN}/upload?id=${id}`,
    await makeTar([{ path: 'bundle.ts', content: bundleText(says, id) }]),
    {
      'content-type': 'application/gzip',
    },
  );
const detailOf = ({ body }: Answer) => body['detail'] as Record<string, unknown>;

test('an archive is uploaded and serves, a broken one says why, and a former one comes back', async ({
  rig,
  redis,
}) => {
  const { ask } = await open(rig);
  const says = async () => {
    const address = `/api/integrations/bundles/${redis.tenant}/${redis.project}/sayer/operations/say`;
    return (await ask('POST', address, {})).body['say'];
  };
  const first = await upload(ask, 'one');
  expect(first).toMatchObject({ status: 200, body: { status: 'ok', bundle_id: 'sayer' } });
  expect(await says()).toBe('one');
  expect((await upload(ask, 'one')).body['status']).toBe('unchanged');
  const second = await upload(ask, 'two');
  expect(await says()).toBe('two');

  const broken = await ask(
    'POST',
    `${ADMIN}/upload?id=sayer`,
    await makeTar([{ path: 'bundle.ts', content: "throw new Error('the moon is missing');" }]),
    { 'content-type': 'application/gzip' },
  );
  expect(broken.status).toBe(422);
  expect(detailOf(broken)['error']).toContain('the moon is missing');
  expect(await says()).toBe('two');
  // Nor do parts that nobody could reach: they are named before anybody looks for them.
  for (const [from, to, words] of [
    ['say: operation', 'status: operation', 'The operation "status" cannot be called'],
    ["name: 'three'", "name: 'three', capabilities: ['teleport']", 'There is no capability "teleport"'],
  ] as const) {
    const content = bundleText('three').replace(from, to);
    const refused = await ask(
      'POST',
      `${ADMIN}/upload?id=sayer`,
      await makeTar([{ path: 'bundle.ts', content }]),
      { 'content-type': 'application/gzip' },
    );
    expect(refused.status).toBe(422);
    expect(detailOf(refused)['error']).toContain(words);
    expect(await says()).toBe('two');
  }
  // Nor does a process that ends while it loads keep its author in the dark.
  const quitting = await ask(
    'POST',
    `${ADMIN}/upload?id=quitter`,
    await makeTar([{ path: 'bundle.ts', content: 'process.exit(7);' }]),
    { 'content-type': 'application/gzip' },
  );
  expect(quitting.status).toBe(422);
  expect(detailOf(quitting)['error']).toContain('does not load');

  const { body } = await ask('GET', `${ADMIN}/sayer/versions`);
  const versions = body['versions'] as { version: string; status: string; is_active: boolean }[];
  expect(versions.map(({ status, is_active }) => [status, is_active])).toEqual([
    ...Array.from({ length: 3 }, () => [expect.stringMatching(/^(failed|removed)$/u), false]),
    ['ready', true],
    ['ready', false],
  ]);
  const back = (version: unknown) => ask('POST', `${ADMIN}/sayer/rollback`, { version });
  expect(await back(first.body['version'])).toMatchObject({ status: 200, body: { status: 'ok' } });
  expect(await says()).toBe('one');
  expect((await back(first.body['version'])).body['status']).toBe('unchanged');
  expect((await back(versions[0]?.version)).status).toBe(422);
  expect((await back('sayer__upload__nothing')).status).toBe(404);
  expect((await back(second.body['version'])).status).toBe(200);
  expect(await says()).toBe('two');

  expect(await ask('DELETE', `${ADMIN}/sayer`)).toMatchObject({ status: 200 });
  expect((await ask('DELETE', `${ADMIN}/sayer`)).status).toBe(404);
  const address = `/api/integrations/bundles/${redis.tenant}/${redis.project}/sayer/operations/say`;
  expect((await ask('POST', address, {})).status).toBe(404);
  // The same content, after it was removed and its folder is gone.
  await ask('POST', `${ADMIN}/cleanup`, {});
  expect((await upload(ask, 'two')).body['status']).toBe('ok');
  expect(await says()).toBe('two');
});

test('a form uploads as well, and what is no archive is refused', async ({ rig }) => {
  const { ask, port } = await open(rig, { bundleArchiveLimit: '20KiB' });
  const form = new FormData();
  form.append('id', 'sayer');
  const bytes = await makeTar([{ path: 'bundle.ts', content: bundleText('form') }]);
  form.append('file', new Blob([new Uint8Array(bytes)]), 'sayer.tgz');
  const response = await fetch(`http://127.0.0.1:${port}${ADMIN}/upload`, {
    method: 'POST',
    headers: { authorization: `Bearer ${await rig.token('privileged')}` },
    body: form,
  });
  expect(await response.json()).toMatchObject({ status: 'ok', bundle_id: 'sayer' });
  const raw = (body: Uint8Array) =>
    ask('POST', `${ADMIN}/upload?id=sayer`, body, { 'content-type': 'application/octet-stream' });
  expect(await raw(Buffer.from('hello'))).toMatchObject({ status: 422 });
  expect((await raw(Buffer.alloc(30_000, 1))).status).toBe(413);
  const nameless = await ask('POST', `${ADMIN}/upload`, bytes, { 'content-type': 'application/gzip' });
  expect(nameless.status).toBe(422);
  expect(detailOf(nameless)['field']).toBe('id');
});

test('what comes with the platform and the default stay; replace takes the others', async ({ rig }) => {
  const { ask } = await open(rig);
  await upload(ask, 'one');
  await upload(ask, 'one', 'other');
  expect((await ask('DELETE', `${ADMIN}/actor`)).status).toBe(409);
  await ask('POST', ADMIN, { op: 'merge', default_bundle_id: 'other' });
  expect((await ask('DELETE', `${ADMIN}/other`)).status).toBe(409);
  const { body } = await ask('POST', ADMIN, { op: 'replace', bundles: {}, default_bundle_id: 'actor' });
  expect(body).toMatchObject({
    status: 'ok',
    bundles: { sayer: { status: 'removed' }, other: { status: 'removed' } },
  });
  const left = (await ask('GET', ADMIN)).body['bundles'] as { bundle_id: string }[];
  expect(left.map(({ bundle_id }) => bundle_id)).toEqual(['actor']);
});

test('every change is in the audit log', async ({ rig, postgres }) => {
  const { ask } = await open(rig);
  await upload(ask, 'one');
  await ask('POST', `${ADMIN}/sayer/rollback`, { version: 'nothing' });
  await ask('DELETE', `${ADMIN}/sayer`);
  const rows = await postgres.sql.query<Record<string, unknown>>({
    text: 'select actor_id, action, target, outcome, after from audit_entry order by audit_id',
  });
  expect(rows).toMatchObject([
    { actor_id: 'privileged-user', action: 'bundle.upload', target: 'sayer', outcome: 'done' },
    { action: 'bundle.rollback', target: 'sayer', outcome: 'refused', after: { error_type: 'not_found' } },
    { action: 'bundle.remove', target: 'sayer', outcome: 'done' },
  ]);
});

const talker = (words: string): string => `
import { defineBundle, operation } from '@switchyard/bundle-sdk';
console.log('loaded as ${words}');
export default defineBundle({
  id: 'talker', name: 'Talker',
  operations: {
    say: operation({ run: () => { console.warn('${words}'); return 1; } }),
    fail: operation({ run: () => { throw new Error('the moon is missing'); } }),
  },
});
`;

test('what a bundle wrote, and why it failed, is read by admins, and followed', async ({ rig, redis }) => {
  const { ask, port } = await open(rig);
  const push = async (words: string) =>
    ask('POST', `${ADMIN}/upload?id=talker`, await makeTar([{ path: 'bundle.ts', content: talker(words) }]), {
      'content-type': 'application/gzip',
    });
  expect((await push('first words')).status).toBe(200);
  const api = `/api/integrations/bundles/${redis.tenant}/${redis.project}/talker/operations`;
  expect((await ask('POST', `${api}/say`, {})).status).toBe(200);
  const failed = await ask('POST', `${api}/fail`, {});
  expect(failed.status).toBe(500);
  expect(JSON.stringify(failed.body)).not.toContain('moon');

  const read = (bundle: string, token: string, query = '') =>
    fetch(`http://127.0.0.1:${port}${ADMIN}/${bundle}/logs${query}`, {
      headers: { authorization: `Bearer ${token}` },
    });
  const admin = await rig.token('privileged');
  expect((await read('talker', await rig.token('registered'))).status).toBe(403);
  expect((await read('nobody', admin)).status).toBe(404);
  const answer = await read('talker', admin);
  expect(answer.headers.get('content-type')).toContain('application/x-ndjson');
  const lines = (await answer.text())
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(lines).toContainEqual(expect.objectContaining({ level: 'warn', text: 'first words', name: 'say' }));
  expect(lines).toContainEqual(
    expect.objectContaining({ from: 'platform', text: expect.stringContaining('the moon is missing') }),
  );

  const stream = await read('talker', admin, '?follow=1');
  const decoder = new TextDecoder();
  const reader = (stream.body as ReadableStream<Uint8Array>).getReader();
  let seen = '';
  const until = async (words: string): Promise<void> => {
    while (!seen.includes(words)) {
      const { value, done } = await reader.read();
      if (done) throw new Error(`the stream ended before "${words}": ${seen}`);
      seen += decoder.decode(value, { stream: true });
    }
  };
  await until('"text":"first words"');
  await push('second words');
  await ask('POST', `${api}/say`, {});
  await until('"text":"second words"');
  await reader.cancel();
});

test('a watched folder serves what was saved', async ({ rig }) => {
  const { ask } = await open(rig, { nodeEnv: 'development' });
  const dir = await rig.writeActor('watched');
  const answer = await ask('POST', ADMIN, { op: 'merge', bundles: { actor: { path: dir, watch: true } } });
  expect(answer.body).toMatchObject({ status: 'ok' });
  const nameNow = async () => {
    const { body } = await ask('GET', '/api/integrations/bundles');
    return (body['bundles'] as { name: string }[])[0]?.name;
  };
  expect(await nameNow()).toBe('Actor watched');
  for (const name of ['saved', 'again']) {
    await rig.writeActor(name);
    await vi.waitFor(async () => expect(await nameNow()).toBe(`Actor ${name}`), {
      timeout: 15_000,
      interval: 10,
    });
  }
  // A mistake is told, the former version answers on, and the next save heals it.
  await rig.writeActor('x', () => 'export default {');
  await vi.waitFor(
    async () => {
      const { body } = await ask('GET', ADMIN);
      expect((body['bundles'] as { error: unknown }[])[0]?.error).not.toBeNull();
    },
    { timeout: 15_000, interval: 20 },
  );
  expect(await nameNow()).toBe('Actor again');
  await rig.writeActor('healed');
  await vi.waitFor(async () => expect(await nameNow()).toBe('Actor healed'), {
    timeout: 15_000,
    interval: 10,
  });
  expect(await readFile(path.join(dir, 'bundle.ts'), 'utf8')).toContain('healed');
});
