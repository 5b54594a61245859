import { expect } from 'vitest';
import { turnsTest } from '../test/stage.ts';

const test = turnsTest.extend<{ open: void }>({
  open: [
    async ({ stage }, use) => {
      await stage.openEpoch();
      await stage.beat();
      await use();
    },
    { auto: true },
  ],
});

const countOf = async (sql: { query<R extends object>(s: { text: string }): Promise<R[]> }, table: string) =>
  (await sql.query<{ count: number }>({ text: `select count(*)::int as count from ${table}` }))[0]?.count;

test('row, lane, ack; then the next message waits behind it', async ({ stage }) => {
  const { ack, isRepeat } = await stage.turns.accept(stage.request({ messageId: 'm1' }));
  expect(isRepeat).toBe(false);
  expect(ack).toMatchObject({
    status: 'processing_started',
    session_id: 's1',
    conversation_id: 'c1',
    active_turn_id: ack.turn_id,
    queued_turn_id: null,
    event_id: 'm1',
    conversation_created: true,
    is_continuation: false,
    user_type: 'registered',
  });
  expect(await stage.status(ack.turn_id)).toBe('queued');
  const log = await stage.log();
  const [epoch, seq] = ack.last_log_id.split('-');
  expect(log[0]?.id).toBe(`${epoch}-${Number(seq) + 1}`);
  const second = await stage.turns.accept(stage.request());
  expect(second.ack).toMatchObject({
    status: 'external_event_accepted',
    is_continuation: true,
    active_turn_id: ack.turn_id,
    queued_turn_id: second.ack.turn_id,
    conversation_created: false,
  });
  expect(second.ack.external_event_sequence).toBeGreaterThan(ack.external_event_sequence);
  expect(await stage.turns.conversationState('c1')).toMatchObject({
    state: 'in_progress',
    current_turn_id: ack.turn_id,
  });
  expect(await stage.turns.conversationState('c9')).toMatchObject({ state: 'idle', current_turn_id: null });
});

test('a stream may be called what Socket.IO calls its sockets; every other id may not', async ({ stage }) => {
  for (const streamId of ['-aB3', '_aB3'])
    await expect(
      stage.turns.accept(stage.request({ streamId, conversationId: undefined })),
    ).resolves.toMatchObject({ ack: { status: 'processing_started' } });
  for (const over of [{ streamId: 'a b' }, { conversationId: '_c' }, { targetTurnId: '-t' }])
    await expect(stage.turns.accept(stage.request(over))).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
});

test('20 retries at once, over several processes: one row, one task, one answer, also without a conversation id', async ({
  stage,
}) => {
  const processes = [stage.turns, stage.createTurns(), stage.createTurns()];
  const send = async (index: number) =>
    processes[index % 3]?.accept(stage.request({ messageId: 'same', conversationId: undefined }));
  const results = await Promise.all(Array.from({ length: 20 }, (_, index) => send(index)));
  const acks = new Set(results.map((result) => JSON.stringify(result?.ack)));
  expect(acks.size).toBe(1);
  expect(results.filter((result) => result?.isRepeat === false).length).toBe(1);
  expect([await countOf(stage.sql, 'turn'), await countOf(stage.sql, 'conversation')]).toEqual([1, 1]);
  expect(await stage.redis.driver.llen(stage.keys.lane('registered'))).toBe(1);
  expect((await stage.log()).length).toBe(2);
});

test('somebody else’s conversation and a deleted one are not found; nothing is written', async ({
  stage,
}) => {
  await stage.turns.accept(stage.request());
  const foreign = stage.turns.accept(stage.request({ user: 'u2' }));
  await expect(foreign).rejects.toMatchObject({ code: 'NOT_FOUND', status: 404 });
  await stage.sql.query({ text: `update conversation set deleted_at = now()` });
  await expect(stage.turns.accept(stage.request())).rejects.toMatchObject({ code: 'NOT_FOUND' });
  expect(await countOf(stage.sql, 'turn')).toBe(1);
});

test('two users who choose the same new conversation at once: one gets it', async ({ stage }) => {
  const tries = await Promise.allSettled([
    stage.turns.accept(stage.request()),
    stage.turns.accept(stage.request({ user: 'u2' })),
  ]);
  expect(tries.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
});

test('over the threshold: 503 with reason and Retry-After, and no row; a better lane still gets in', async ({
  stage,
}) => {
  await stage.beat(1);
  const turns = stage.createTurns({ userQueueAnonymous: 100 });
  const send = (index: number, userType: 'anonymous' | 'privileged' = 'anonymous') =>
    turns.accept(stage.request({ user: `u${index}`, conversationId: `c${index}`, userType }));
  // 1 slot x (1 + 3) = 4; anonymous up to 2.4.
  for (const index of [1, 2, 3]) await send(index);
  await expect(send(4)).rejects.toMatchObject({
    status: 503,
    errorType: 'queue.enqueue_rejected',
    retryAfterSec: 30,
    details: { reason: 'anonymous_threshold_exceeded', queue_stats: { load: 3, capacity: 4 } },
  });
  expect(await countOf(stage.sql, 'turn')).toBe(3);
  await send(5, 'privileged');
});

test('a refused message leaves no empty conversation behind, and one with other turns stays', async ({
  stage,
}) => {
  await stage.turns.accept(stage.request({ conversationId: 'kept' }));
  await stage.redis.driver.del(stage.keys.worker('w-test'));
  for (const conversationId of ['kept', 'new'])
    await expect(stage.turns.accept(stage.request({ conversationId }))).rejects.toMatchObject({
      status: 503,
    });
  await stage.turns.accept(stage.request({ kind: 'steer', text: 'left', conversationId: 'steered' }));
  const text = 'select conversation_id from conversation';
  expect(await stage.sql.query({ text })).toEqual([{ conversation_id: 'kept' }]);
  await stage.beat();
  const { ack } = await stage.turns.accept(stage.request({ conversationId: 'new' }));
  expect(ack.conversation_created).toBe(true);
});

test('no worker alive: 503 no_healthy_processes', async ({ stage }) => {
  await stage.redis.driver.del(stage.keys.worker('w-test'));
  await expect(stage.turns.accept(stage.request())).rejects.toMatchObject({
    details: { reason: 'no_healthy_processes' },
    retryAfterSec: 45,
  });
});

test('queued and running messages of one user are bounded, and free again when they are over', async ({
  stage,
}) => {
  const send = (conversationId: string) =>
    stage.turns.accept(stage.request({ userType: 'anonymous', conversationId }));
  const first = await send('a');
  await send('b');
  await send('c');
  await expect(send('d')).rejects.toMatchObject({ status: 429, errorType: 'rate_limit.user_queue_full' });
  await stage.turns.cancel({ conversationId: 'a', userId: 'u1', turnId: first.ack.turn_id });
  await send('d');
});

test('a full mailbox is 429, a recorded event starts nothing, a steer needs a turn', async ({ stage }) => {
  const turns = stage.createTurns({ mailboxSize: 1 });
  const steer = await turns.accept(stage.request({ kind: 'steer', text: 'to the left' }));
  expect(steer.ack).toMatchObject({ status: 'active_turn_control_no_active_turn', active_turn_id: null });
  expect(await stage.status(steer.ack.turn_id)).toBeUndefined();
  const recorded = await turns.accept(stage.request({ kind: 'recorded', messageId: 'rec' }));
  expect(recorded.ack.status).toBe('external_event_recorded');
  expect((await turns.accept(stage.request({ kind: 'recorded', messageId: 'rec' }))).ack).toEqual(
    recorded.ack,
  );
  expect(await stage.redis.driver.scard(stage.keys.tasks())).toBe(0);
  const { ack } = await turns.accept(stage.request());
  const mismatch = await turns.accept(stage.request({ kind: 'steer', targetTurnId: 'turn_other' }));
  expect(mismatch.ack).toMatchObject({
    status: 'active_turn_control_target_mismatch',
    active_turn_id: ack.turn_id,
  });
  await turns.accept(stage.request());
  await expect(turns.accept(stage.request())).rejects.toMatchObject({
    status: 429,
    errorType: 'rate_limit.mailbox_full',
  });
});

test('a retry after a refusal was overtaken by an accepted one keeps its row', async ({ stage }) => {
  const { keys, rows, redis } = stage;
  // First try: its row is written, its refusal is known, its delete has not been sent yet.
  await redis.driver.del(keys.worker('w-test'));
  const payload = { ...stage.request({ messageId: 'm' }) };
  const { sql } = stage;
  const late = Promise.withResolvers<void>();
  let isHeld = false;
  const slowSql = new Proxy(sql, {
    get: (target, name) =>
      name === 'query'
        ? async (statement: { name?: string }) => {
            if (statement.name === 'turns-delete-queued' && !isHeld) {
              isHeld = true;
              await late.promise;
            }
            return target.query(statement as Parameters<typeof target.query>[0]);
          }
        : Reflect.get(target, name),
  });
  const slow = stage.createTurns({}, slowSql);
  const first = slow.accept(payload);
  await expect.poll(() => isHeld).toBe(true);
  await stage.beat();
  const second = await stage.turns.accept(payload);
  late.resolve();
  const { ack } = await first;
  expect(ack).toEqual(second.ack);
  expect((await rows.read(second.ack.turn_id))?.status).toBe('queued');
});

test('while the data is another server’s a submit waits, then 503; its row is gone', async ({ stage }) => {
  const { redis, keys } = stage;
  await redis.driver.hset(keys.epoch(), 'run_id', 'rebuild:x');
  const quick = stage.createTurns({ storeWait: 120 });
  await expect(quick.accept(stage.request())).rejects.toMatchObject({
    status: 503,
    errorType: 'unavailable',
    retryAfterSec: 5,
  });
  expect(await countOf(stage.sql, 'turn')).toBe(0);
  const waiting = stage.turns.accept(stage.request());
  await redis.driver.hset(keys.epoch(), 'run_id', redis.runId());
  expect((await waiting).ack.status).toBe('processing_started');
});

test('without Postgres nothing is on a lane; without Redis the row stays, since its message may be on one', async ({
  stage,
}) => {
  const away = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
  const noSql = { ...stage.sql, query: () => Promise.reject(away) };
  await expect(stage.createTurns({}, noSql).accept(stage.request())).rejects.toMatchObject({
    status: 503,
    code: 'UNAVAILABLE',
  });
  expect(await stage.redis.driver.scard(stage.keys.tasks())).toBe(0);
  const { driver } = stage.redis;
  const evalsha = driver.evalsha.bind(driver);
  Object.assign(driver, { evalsha: () => Promise.reject(new Error('Connection is closed.')) });
  try {
    await expect(stage.turns.accept(stage.request())).rejects.toMatchObject({
      status: 503,
      code: 'UNAVAILABLE',
    });
  } finally {
    Object.assign(driver, { evalsha });
  }
  expect(await countOf(stage.sql, 'turn')).toBe(1);
});

test('a retry after the end gets the first ids, and nothing runs again', async ({ stage }) => {
  const { ack } = await stage.turns.accept(stage.request({ messageId: 'm' }));
  await stage.turns.cancel({ conversationId: 'c1', userId: 'u1' });
  expect(await stage.story(ack.turn_id)).toEqual([
    'created',
    'in_progress',
    'chat_error cancelled',
    'idle after cancelled',
  ]);
  const again = await stage.turns.accept(stage.request({ messageId: 'm' }));
  expect(again).toMatchObject({ isRepeat: true, ack: { turn_id: ack.turn_id, task_id: ack.task_id } });
  expect(await stage.redis.driver.scard(stage.keys.tasks())).toBe(0);
});

test('texts that no database takes are made storable', async ({ stage }) => {
  const { ack } = await stage.turns.accept(stage.request({ text: 'a\0b\ud800c' }));
  expect((await stage.rows.read(ack.turn_id))?.request.message).toBe('a\uFFFDb\uFFFDc');
});

test('a retry that meets a rebuild is told nothing, and the acked message stays', async ({ stage }) => {
  const { ack } = await stage.turns.accept(stage.request({ messageId: 'm1' }));
  await stage.redis.driver.hset(stage.keys.epoch(), 'run_id', 'rebuild:another');
  const hasty = stage.createTurns({ storeWait: 100 });
  await expect(hasty.accept(stage.request({ messageId: 'm1' }))).rejects.toMatchObject({
    code: 'UNAVAILABLE',
  });
  expect(await stage.status(ack.turn_id)).toBe('queued');
  // One that nobody was told of is taken back: whoever is refused finds nothing of it.
  await expect(hasty.accept(stage.request({ messageId: 'm2' }))).rejects.toMatchObject({
    code: 'UNAVAILABLE',
  });
  expect(await countOf(stage.sql, 'turn')).toBe(1);
});
