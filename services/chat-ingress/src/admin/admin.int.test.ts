import { createKeys } from '@switchyard/redis';
import { platformTest } from '@switchyard/testkit';
import type { PostgresFixture } from '@switchyard/testkit';
import { expect } from 'vitest';
import { createAdmin, adminTest as test } from '../../test/admin-bench.ts';
import type { Body, List } from '../../test/admin-bench.ts';
import { errorOf, openIngress } from '../../test/ingress-fixture.ts';
import type { IngressBench } from '../../test/ingress-fixture.ts';

const say = async (ingress: IngressBench, user: string, message: string) => {
  const token = await ingress.tokenFor(user);
  const answer = await ingress.call('POST', '/api/chat/messages', { token, json: { message } });
  expect(answer.status).toBe(200);
  return (await answer.json()) as { turn_id: string; task_id: string; conversation_id: string };
};

/** As a reaper would leave it: only the row counts here. */
async function killTurn({ sql }: PostgresFixture, turnId: string): Promise<void> {
  await sql.query({
    text: `update turn set status = 'dead', ended_at = now(), answer = null, answer_text = null,
      error = '{"error":"The message could not be started.","error_type":"turn_dead"}' where turn_id = $1`,
    values: [turnId],
  });
}

const PATHS = [
  ['GET', '/admin/lanes'],
  ['GET', '/admin/workers'],
  ['POST', '/admin/workers/w.1/drain'],
  ['POST', '/admin/workers/w.1/undrain'],
  ['GET', '/admin/inflight'],
  ['GET', '/admin/tasks/task_1'],
  ['GET', '/admin/turns/turn_1'],
  ['GET', '/admin/dead-letters'],
  ['POST', '/admin/dead-letters/turn_1/retry'],
  ['DELETE', '/admin/dead-letters/turn_1'],
  ['GET', '/admin/sessions'],
  ['GET', '/admin/rate-limits/ann'],
  ['POST', '/admin/rate-limits/ann/reset'],
  ['GET', '/admin/audit'],
  ['GET', '/admin/usage'],
] as const;

test('nobody but an admin of this scope gets in, by any path, and the attempt changes nothing', async ({
  ingress,
  admin,
}) => {
  const paid = await ingress.tokenFor('ann', 'paid');
  for (const [method, path] of PATHS) {
    expect(await errorOf(await ingress.call(method, path)), path).toMatchObject({
      status: 401,
      type: 'auth.user_required',
    });
    expect(await errorOf(await ingress.call(method, path, { token: paid })), path).toMatchObject({
      status: 403,
      type: 'auth.missing_roles',
    });
    const elsewhere = `${path}?tenant=other&project=main`;
    expect(await errorOf(await admin.send(method, elsewhere)), path).toMatchObject({
      status: 403,
      type: 'auth.foreign_scope',
    });
  }
  expect((await admin.get<List>('/admin/audit')).items).toEqual([]);
  const { paths } = await admin.get<{ paths: Record<string, Record<string, { 'x-guard'?: string }>> }>(
    '/openapi.json',
  );
  for (const [method, path] of PATHS) {
    const name = path
      .replace('w.1', '{worker_id}')
      .replace('task_1', '{task_id}')
      .replace('turn_1', '{turn_id}')
      .replace('ann', '{user_id}');
    expect(paths[name]?.[method.toLowerCase()]?.['x-guard'], path).toBe('admin');
  }
});

platformTest("a token of another tenant's admin is nobody here", async ({ redis, postgres }) => {
  const [here, there] = [
    await openIngress({ redis, postgres }),
    await openIngress({ redis, postgres, env: { TENANT: `${redis.tenant}x` } }),
  ];
  try {
    const token = await there.tokenFor('root', 'privileged');
    expect((await there.call('GET', '/admin/lanes', { token })).status).toBe(200);
    expect((await here.call('GET', '/admin/lanes', { token })).status).toBe(401);
  } finally {
    await here.stop();
    await there.stop();
  }
});

test('lanes, claims and the life of a message', async ({ ingress, admin }) => {
  const worker = await ingress.work();
  const ack = await say(ingress, 'ann', 'wait here');
  await expect
    .poll(async () => (await admin.get<List>('/admin/inflight')).items)
    .toMatchObject([{ turn_id: ack.turn_id, user_id: 'ann', lane: 'registered', is_started: true }]);
  expect(await admin.get('/admin/lanes')).toMatchObject({
    load: 1,
    workers: 1,
    oldest_wait_limit_seconds: 30,
    lanes: expect.arrayContaining([
      expect.objectContaining({ lane: 'registered', ready: 0, inflight: 1, is_late: false }),
    ]) as unknown,
  });
  expect(await admin.get(`/admin/tasks/${ack.task_id}`)).toMatchObject({
    turn: { turn_id: ack.turn_id, status: 'running' },
    place: 'lease',
  });
  worker.release();
  await expect
    .poll(() => admin.get(`/admin/turns/${ack.turn_id}`))
    .toMatchObject({ turn: { status: 'completed' }, place: 'over', told: 'chat_complete' });
  expect(JSON.stringify(await admin.get(`/admin/tasks/${ack.task_id}`))).not.toContain('wait here');
});

test('bad ids are 404, bad queries 400 with the name of the field', async ({ admin }) => {
  for (const path of [
    '/admin/tasks/unknown',
    '/admin/tasks/%2e%2e%2fx',
    '/admin/turns/turn_unknown',
    `/admin/turns/${'x'.repeat(200)}`,
  ])
    expect((await errorOf(await admin.send('GET', path))).status, path).toBe(404);
  for (const [path, field] of [
    ['/admin/inflight?limit=0', 'limit'],
    ['/admin/inflight?limit=201', 'limit'],
    ['/admin/inflight?lane=gold', 'lane'],
    ['/admin/inflight?cursor=zzz', 'cursor'],
    ['/admin/dead-letters?before=x', 'before'],
    ['/admin/audit?limit=1000', 'limit'],
    ['/admin/audit?outcome=good', 'outcome'],
    ['/admin/audit?action=worker.%25', 'action'],
    ['/admin/audit?since=yesterday', 'since'],
    ['/admin/sessions?offset=-1', 'offset'],
    ['/admin/rate-limits/ann?user_type=gold', 'user_type'],
  ] as const) {
    const error = await errorOf(await admin.send('GET', path));
    expect([error.status, error.detail['field']], path).toEqual([400, field]);
  }
  expect((await admin.send('POST', '/admin/lanes')).status).toBe(405);
});

test('draining and working again, each with its audit entry; somebody who is not there is 404', async ({
  ingress,
  admin,
}) => {
  await ingress.work();
  const [worker] = (await admin.get<List>('/admin/workers')).items;
  const workerId = String(worker?.['worker_id']);
  expect(worker).toMatchObject({ slots: 8, busy: expect.any(Number) as number, is_draining: false });
  const order = async (verb: string) => {
    const answer = await admin.send('POST', `/admin/workers/${workerId}/${verb}`);
    return (await answer.json()) as Body;
  };
  expect(await order('drain')).toEqual({ worker_id: workerId, status: 'draining', is_repeat: false });
  expect(await order('drain')).toMatchObject({ status: 'draining', is_repeat: true });
  const isDraining = async () => (await admin.get<List>('/admin/workers')).items[0]?.['is_draining'];
  await expect.poll(isDraining).toBe(true);
  const token = await ingress.tokenFor('ann');
  const refused = await ingress.call('POST', '/api/chat/messages', { token, json: { message: 'echo x' } });
  expect(await errorOf(refused)).toMatchObject({ status: 503, detail: { reason: 'no_healthy_processes' } });
  expect(await order('undrain')).toMatchObject({ status: 'working', is_repeat: false });
  await expect.poll(isDraining).toBe(false);
  const ack = await say(ingress, 'ann', 'echo again');
  await expect
    .poll(() => admin.get(`/admin/turns/${ack.turn_id}`))
    .toMatchObject({ turn: { status: 'completed' } });

  expect(await errorOf(await admin.send('POST', '/admin/workers/nobody.1/drain'))).toMatchObject({
    status: 404,
    type: 'unknown_worker',
    detail: { status: 'unknown_worker' },
  });
  const { items } = await admin.get<List>('/admin/audit');
  expect(items).toMatchObject([
    {
      action: 'worker.drain',
      target: 'nobody.1',
      outcome: 'refused',
      before: null,
      after: { error_type: 'unknown_worker' },
    },
    { action: 'worker.undrain', before: { ordered: 'drain' }, after: { ordered: 'work' }, outcome: 'done' },
    { action: 'worker.drain', before: { ordered: 'drain' }, after: { ordered: 'drain' }, outcome: 'done' },
    {
      action: 'worker.drain',
      target: workerId,
      actor_id: 'root',
      actor_name: 'root',
      before: { ordered: 'work' },
      after: { ordered: 'drain' },
      outcome: 'done',
      address: expect.stringContaining('127.0.0.1') as string,
      user_agent: 'admin-test',
      request_id: expect.stringMatching(/^r-/) as string,
    },
  ]);
  const page = await admin.get<List>('/admin/audit?limit=3');
  expect(page.items).toHaveLength(3);
  const rest = await admin.get<List>(`/admin/audit?limit=3&before=${page.next_before}`);
  expect([...page.items, ...rest.items]).toEqual(items);
  expect((await admin.get<List>(`/admin/audit?target=${workerId}`)).items).toHaveLength(3);
  expect((await admin.get<List>('/admin/audit?actor_id=ann')).items).toEqual([]);
  const found = async (query: string) => (await admin.get<List>(`/admin/audit?${query}`)).items.length;
  expect(await found('action=worker.*&outcome=done')).toBe(3);
  expect(await found('action=worker.undrain')).toBe(1);
  const noon = String(items[0]?.['at']);
  expect(await found(`until=${encodeURIComponent(noon)}`)).toBe(3);
  expect(await found(`since=${encodeURIComponent(noon)}`)).toBe(1);
  expect(await found('since=2026-01-01&until=2026-01-02')).toBe(0);
});

test('dead letters: a double click is one turn, with the files of the message; dropped ones stay dropped', async ({
  ingress,
  admin,
  postgres,
}) => {
  await ingress.work();
  const token = await ingress.tokenFor('ann');
  const form = new FormData();
  form.set('message', 'echo with a file');
  form.set('files', new File(['words'], 'notes.txt', { type: 'text/plain' }));
  const answer = await ingress.call('POST', '/api/chat/messages', { token, body: form });
  const first = (await answer.json()) as { turn_id: string; conversation_id: string };
  const second = await say(ingress, 'ann', 'echo two');
  for (const { turn_id } of [first, second]) {
    await expect.poll(() => admin.get(`/admin/turns/${turn_id}`)).toMatchObject({ place: 'over' });
    await killTurn(postgres, turn_id);
  }
  expect((await admin.get<List>('/admin/dead-letters')).items).toMatchObject([
    { turn_id: second.turn_id, user_id: 'ann', error: { error_type: 'turn_dead' } },
    { turn_id: first.turn_id },
  ]);
  const retry = async () =>
    (await (await admin.send('POST', `/admin/dead-letters/${first.turn_id}/retry`)).json()) as Body;
  const clicks = await Promise.all([retry(), retry()]);
  expect(clicks[0]?.['retried_as']).toBe(clicks[1]?.['retried_as']);
  expect(clicks.filter((click) => click['is_repeat'] === true)).toHaveLength(1);
  const newTurn = String(clicks[0]?.['retried_as']);
  await expect
    .poll(() => admin.get(`/admin/turns/${newTurn}`))
    .toMatchObject({ turn: { status: 'completed', retry_of: first.turn_id } });
  const history = await ingress.call('GET', `${ingress.conversations}/${first.conversation_id}/details`, {
    token,
  });
  const { turns } = (await history.json()) as { turns: { turn_id: string; artifacts: Body[] }[] };
  expect(turns.find((turn) => turn.turn_id === newTurn)?.artifacts.map(({ type }) => type)).toContain(
    'artifact:user.attachment',
  );
  const [files] = await postgres.sql.query<{ count: number }>({
    text: 'select count(*) as count from file where turn_id = $1',
    values: [newTurn],
  });
  expect(files?.count).toBe(1);

  const drop = (turnId: string) => admin.send('DELETE', `/admin/dead-letters/${turnId}`);
  expect(await (await drop(second.turn_id)).json()).toEqual({ status: 'dropped', turn_id: second.turn_id });
  expect(await errorOf(await drop(second.turn_id))).toMatchObject({
    status: 422,
    type: 'dead_letter.dropped',
  });
  expect(await errorOf(await drop(first.turn_id))).toMatchObject({
    status: 422,
    type: 'dead_letter.retried',
  });
  expect(await errorOf(await drop(newTurn))).toMatchObject({ status: 422, type: 'dead_letter.not_dead' });
  expect(await errorOf(await drop('turn_unknown'))).toMatchObject({ status: 404, type: 'not_found' });
  expect((await admin.get<List>('/admin/dead-letters')).items).toEqual([]);
  const { items } = await admin.get<List>('/admin/audit');
  expect(items.filter(({ outcome }) => outcome === 'done').map(({ action }) => action)).toEqual([
    'dead_letter.drop',
    'dead_letter.retry',
    'dead_letter.retry',
  ]);
});

test('who is connected here, page by page', async ({ ingress, admin }) => {
  const gone = new AbortController();
  for (const user of ['ann', 'ann', 'bob']) {
    const token = await ingress.tokenFor(user);
    const path = `/sse/stream?stream_id=${user}`;
    expect((await ingress.call('GET', path, { token, signal: gone.signal })).status).toBe(200);
  }
  const all = await admin.get<List & Body>('/admin/sessions');
  expect(all).toMatchObject({ streams: 3, sessions: 2, next_offset: null });
  expect(all.items.map(({ streams }) => streams)).toEqual([2, 1]);
  const first = await admin.get<List & Body>('/admin/sessions?limit=1');
  expect(first).toMatchObject({ items: [all.items[0]], next_offset: 1 });
  expect(await admin.get('/admin/sessions?limit=1&offset=1')).toMatchObject({
    items: [all.items[1]],
    next_offset: null,
  });
  gone.abort();
  await expect.poll(() => admin.get('/admin/sessions')).toMatchObject({ streams: 0, sessions: 0, items: [] });
});

test('what a user has used of his limits, and forgetting it', async ({ ingress, admin }) => {
  await ingress.work();
  await say(ingress, 'ann', 'echo one');
  await say(ingress, 'ann', 'echo two');
  const used = async () =>
    (await admin.get<{ windows: Body[] }>('/admin/rate-limits/ann')).windows.map(({ used }) => used);
  expect(await used()).toEqual([2, 2]);
  expect((await admin.send('POST', '/admin/rate-limits/ann/reset')).status).toBe(200);
  expect(await used()).toEqual([0, 0]);
  expect((await admin.get<List>('/admin/audit')).items).toMatchObject([
    {
      action: 'rate_limit.reset',
      target: 'ann',
      before: [{ used: 2 }, { used: 2 }],
      after: [{ used: 0 }, { used: 0 }],
    },
  ]);
});

platformTest('a change whose audit entry cannot be written is not made', async ({ redis, postgres }) => {
  const ingress = await openIngress({ redis, postgres });
  try {
    const admin = await createAdmin(ingress);
    const keys = createKeys(ingress.scope);
    await redis.command('ZADD', keys.workers(), '9999999999999', 'w.1');
    await redis.command('HSET', keys.worker('w.1'), 'slots', '4', 'ordered', 'work');
    await postgres.sql.query({ text: 'alter table audit_entry rename to audit_gone' });
    expect((await admin.send('POST', '/admin/workers/w.1/drain')).status).toBe(500);
    expect(await redis.command('HGET', keys.worker('w.1'), 'ordered')).toContain('work');
  } finally {
    await ingress.stop();
  }
});

platformTest(
  'the alarm: a message that nobody takes makes its lane late, and the metric says so',
  async ({ redis, postgres }) => {
    const env = { OLDEST_WAIT_LIMIT: '100ms', OLDEST_WAIT_EVERY: '50ms' };
    const ingress = await openIngress({ redis, postgres, env });
    try {
      const admin = await createAdmin(ingress);
      const worker = await ingress.work();
      const [first] = (await admin.get<List>('/admin/workers')).items;
      await admin.send('POST', `/admin/workers/${String(first?.['worker_id'])}/drain`);
      const keys = createKeys(ingress.scope);
      // A worker that says it is alive and takes nothing.
      await redis.command('ZADD', keys.workers(), '9999999999999', 'stuck.1');
      await redis.command('HSET', keys.worker('stuck.1'), 'slots', '4', 'draining', '0');
      await expect.poll(async () => (await admin.get('/admin/lanes'))['workers']).toBe(1);
      await say(ingress, 'ann', 'echo x');
      const lane = async () =>
        (await admin.get<{ lanes: Body[] }>('/admin/lanes')).lanes.find(
          (view) => view['lane'] === 'registered',
        );
      await expect.poll(lane).toMatchObject({ ready: 1, is_late: true });
      const metric = async () => {
        const text = await (await ingress.call('GET', '/metrics')).text();
        const line = /^switchyard_turns_oldest_wait_seconds\{lane="registered".*\} (.*)$/m.exec(text);
        return Number(line?.[1]);
      };
      await expect.poll(metric).toBeGreaterThan(0.1);
      await admin.send('POST', `/admin/workers/${String(first?.['worker_id'])}/undrain`);
      await expect.poll(lane).toMatchObject({ ready: 0, is_late: false, oldest_wait_seconds: null });
      await expect.poll(metric).toBe(0);
      await worker.stop();
    } finally {
      await ingress.stop();
    }
  },
);
