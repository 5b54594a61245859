import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, vi } from 'vitest';
import { ACTOR_DIR, procTest as test } from '../../test/proc-rig.ts';

const CLOCKWORK_DIR = path.join(import.meta.dirname, '../../test/bundles/clockwork');
const patience = { timeout: 60_000, interval: 50 };

interface RunView {
  job_id: string;
  name: string;
  status: string;
  tick?: string;
  error: string | null;
}

test('a bundle ticks and works: jobs by key, dead ones retried and dropped, schedules follow what serves', async ({
  rig,
  redis,
  postgres,
}) => {
  await rig.ship(ACTOR_DIR);
  const { port } = await rig.start();
  const token = await rig.token('privileged');
  const call = async (where: string, post?: unknown, method = post === undefined ? 'GET' : 'POST') => {
    const response = await fetch(`http://127.0.0.1:${port}${where}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(post === undefined ? {} : { body: JSON.stringify(post) }),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  // By an admin, since what comes with the platform cannot be removed again.
  const bundles = { clockwork: { path: await rig.ship(CLOCKWORK_DIR) } };
  expect((await call('/admin/integrations/bundles', { op: 'merge', bundles })).body['status']).toBe('ok');
  const bad = await rig.ship(CLOCKWORK_DIR);
  const text = await readFile(path.join(bad, 'bundle.ts'), 'utf8');
  await writeFile(path.join(bad, 'bundle.ts'), text.replace('0 0 1 1 *', '0 0 31 2 *'));
  const refused = await call('/admin/integrations/bundles', { op: 'merge', bundles });
  expect(JSON.stringify(refused.body)).toContain('The schedule \\"never\\" cannot be kept');
  await writeFile(path.join(bad, 'bundle.ts'), text);
  const admin = '/admin/integrations/bundles/clockwork';
  const runs = async (query: string) => (await call(`${admin}/jobs?${query}`)).body['jobs'] as RunView[];
  const add = async (data: unknown) => {
    const scope = `${redis.tenant}/${redis.project}`;
    const { body } = await call(`/api/integrations/bundles/${scope}/clockwork/operations/add`, data);
    return JSON.stringify(body);
  };

  await vi.waitFor(
    async () => expect((await runs('kind=schedule&state=done')).length).toBeGreaterThan(1),
    patience,
  );
  const { body } = await call(`${admin}/schedules`);
  expect(body).toMatchObject({
    schedules: [
      { name: 'tick', cron: '* * * * * *', last_run: { name: 'tick' }, next_run: expect.any(String) },
      { name: 'never', timezone: 'Europe/Berlin', last_run: null, next_run: expect.any(String) },
    ],
  });

  const first = await add({ n: 1, key: 'one' });
  expect(first).toContain('"is_new":true');
  expect(await add({ n: 1, key: 'one' })).toBe(first.replace('"is_new":true', '"is_new":false'));
  await vi.waitFor(async () => expect((await runs('state=done')).length).toBe(1), patience);

  await add({ n: -1 });
  await vi.waitFor(async () => expect((await runs('state=dead')).length).toBe(1), patience);
  const [dead] = await runs('state=dead');
  expect(dead?.error).toContain('less than nothing');
  expect((await call(`${admin}/jobs/${dead?.job_id}/retry`, {})).status).toBe(200);
  await vi.waitFor(async () => expect((await runs('state=dead')).length).toBe(1), patience);
  expect((await call(`${admin}/jobs/${dead?.job_id}/drop`, {})).status).toBe(200);
  expect((await call(`${admin}/jobs/${dead?.job_id}/drop`, {})).status).toBe(409);

  expect((await call(`${admin}/schedules/never/run`, {})).status).toBe(200);
  expect((await call(`${admin}/schedules/nobody/run`, {})).status).toBe(404);
  await vi.waitFor(
    async () =>
      expect(
        (await runs('kind=schedule&state=done&limit=500')).filter(({ name }) => name === 'never').length,
      ).toBe(1),
    patience,
  );
  const audit = await postgres.sql.query<{ action: string }>({
    text: "select action from audit_entry where outcome = 'done' order by audit_id",
  });
  expect(audit.map(({ action }) => action)).toEqual(
    expect.arrayContaining(['job.retry', 'job.drop', 'schedule.run']),
  );

  expect((await call(admin, undefined, 'DELETE')).status).toBe(200);
  await vi.waitFor(
    async () => expect(await redis.command('ZCARD', `${redis.prefix}:jobs:background:repeat`)).toBe(':0'),
    patience,
  );
}, 240_000);
