import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { Scope } from '@switchyard/kernel';
import { expect, vi } from 'vitest';
import { startSecrets } from '../../test/start-secrets.ts';
import { ACTOR_DIR, procTest as test } from '../../test/proc-rig.ts';

const HERALD_DIR = path.join(import.meta.dirname, '../../test/bundles/herald');
const patience = { timeout: 60_000, interval: 50 };

interface Delivery {
  job_id: string;
  status: string;
  attempt: number;
  error: string | null;
}

/** A receiver whose answer is the test's, and a place that nobody may be led to. */
async function listen(scope: Scope) {
  const heard: { path: string; headers: NodeJS.Dict<string | string[]>; body: string }[] = [];
  const answer: { with: (res: ServerResponse, body: string) => void } = { with: (res) => res.end() };
  const server = createServer((req, res) => {
    void text(req).then((body) => {
      heard.push({ path: req.url ?? '', headers: req.headers, body });
      answer.with(res, body);
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  scope.defer(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => void server.close(resolve));
  });
  return { heard, answer, port: (server.address() as AddressInfo).port };
}

test('webhooks: kept, signed, tried again while a receiver fails or hangs, and never led to a private address', async ({
  rig,
  redis,
}) => {
  const scope = new Scope();
  try {
    const [receiver, hidden] = [await listen(scope), await listen(scope)];
    const secrets = await startSecrets(scope, redis);
    await rig.ship(ACTOR_DIR);
    await rig.ship(HERALD_DIR);
    const { port } = await rig.start({
      ...secrets,
      // By name this one only; the same machine by its address, and every other port, stay private.
      httpPrivateHosts: `localhost:${receiver.port}`,
      webhookTimeout: '500ms',
      webhookAttempts: '3',
    });
    const token = await rig.token('privileged');
    const ask = async (where: string, post?: unknown) => {
      const response = await fetch(`http://127.0.0.1:${port}${where}`, {
        method: post === undefined ? 'GET' : 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        ...(post === undefined ? {} : { body: JSON.stringify(post) }),
      });
      return (await response.json()) as Record<string, unknown>;
    };
    const admin = '/admin/integrations/bundles/herald';
    const tell = async (what: { url: string; n: number; key?: string; secret?: string }) =>
      (await ask(`/api/integrations/bundles/${redis.tenant}/${redis.project}/herald/operations/tell`, what))[
        'tell'
      ] as { delivery_id: string; is_new: boolean };
    const find = async (id: string) =>
      ((await ask(`${admin}/jobs?kind=webhook`))['jobs'] as Delivery[]).find((one) => one.job_id === id);
    const becomes = async (id: string, status: string): Promise<Delivery> =>
      vi.waitFor(async () => {
        const found = await find(id);
        if (found?.status !== status) throw new Error(`it is ${JSON.stringify(found)}`);
        return found;
      }, patience);
    const url = `http://localhost:${receiver.port}/hook`;
    const ofNumber = (n: number) => receiver.heard.filter(({ body }) => body === JSON.stringify({ n }));

    await ask(`${admin}/secrets`, { set: { hook_key: 'a key that signs' } });
    const fails = [503, 500, 204];
    receiver.answer.with = (res) => {
      res.statusCode = fails.shift() ?? 200;
      res.end();
    };
    const first = await tell({ url, n: 1, key: 'one', secret: 'hook_key' });
    expect(await tell({ url, n: 1, key: 'one', secret: 'hook_key' })).toEqual({ ...first, is_new: false });
    expect(await becomes(first.delivery_id, 'done')).toMatchObject({ attempt: 3 });
    expect(ofNumber(1)).toHaveLength(3);
    for (const { headers, body } of ofNumber(1)) {
      expect(headers['webhook-id']).toBe(first.delivery_id);
      const signed = `${first.delivery_id}.${String(headers['webhook-timestamp'])}.${body}`;
      const expected = createHmac('sha256', 'a key that signs').update(signed).digest('base64');
      expect(headers['webhook-signature']).toBe(`v1,${expected}`);
    }

    receiver.answer.with = () => undefined;
    const hung = await tell({ url, n: 2 });
    expect((await becomes(hung.delivery_id, 'dead')).error).toContain('did not answer within 500 ms');
    expect(ofNumber(2)).toHaveLength(3);
    expect(ofNumber(2)[0]?.headers['webhook-signature']).toBeUndefined();
    receiver.answer.with = (res) => void res.end();
    await ask(`${admin}/jobs/${hung.delivery_id}/retry`, {});
    expect(await becomes(hung.delivery_id, 'done')).toMatchObject({ attempt: 4 });

    receiver.answer.with = (res) => {
      res.writeHead(307, { location: `http://127.0.0.1:${hidden.port}/inside` }).end();
    };
    const led = await tell({ url, n: 3 });
    expect((await becomes(led.delivery_id, 'dead')).error).toContain('redirects are not followed');
    const inside = await tell({ url: `http://127.0.0.1:${hidden.port}/inside`, n: 4 });
    expect(await becomes(inside.delivery_id, 'dead')).toMatchObject({
      attempt: 1,
      error: expect.stringContaining('no public address'),
    });
    expect(hidden.heard).toEqual([]);

    expect(await tell({ url: 'https://elsewhere.test/', n: 5 })).toBe('capability_denied');
    expect(await tell({ url, n: 6, secret: 'not_declared' })).toBe('capability_denied');
    expect(ofNumber(6)).toEqual([]);
  } finally {
    await scope.close();
  }
}, 240_000);
