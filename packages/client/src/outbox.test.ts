import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { startServer } from '../test/sse-server.ts';
import type { TestServer } from '../test/sse-server.ts';
import { systemClientClock } from './client-clock.ts';
import { createClient } from './create-client.ts';
import type { ClientOutboxOptions } from './create-client.ts';
import { OutboxFull } from './outbox.ts';
import type { Outbox } from './outbox.ts';
import type { OutboxItem } from './outbox-item.ts';
import { createMemoryOutboxStorage } from './outbox-storage.ts';

let server: TestServer | undefined;
const opened: Outbox[] = [];
afterEach(async () => {
  for (const outbox of opened.splice(0)) outbox.close();
  await server?.close();
  server = undefined;
});

/** What the server does with one request: `late` takes the message and loses the answer. */
type Fate = 'ok' | 'gone' | 'late' | '503' | '429' | '400';

interface Heard {
  key: string;
  conversation: string;
  message: string;
}

/** A server that knows keys, as ours: the same key again is the same message. */
async function startChat(fates: Fate[]) {
  const taken: Heard[] = [];
  const keys: string[] = [];
  const started = await startServer((req, res, body) => {
    const fate = fates.shift() ?? 'ok';
    const key = String(req.headers['idempotency-key']);
    keys.push(key);
    const refuse = (status: number, headers = {}) => {
      res.writeHead(status, headers);
      res.end(JSON.stringify({ detail: { error: `no: ${status}`, error_type: `e.${status}` } }));
    };
    if (fate === 'gone') return void req.socket.destroy();
    if (fate === '503' || fate === '429') return refuse(Number(fate), { 'retry-after': '1' });
    if (fate === '400') return refuse(400);
    const { message, conversation_id: conversation } = JSON.parse(body) as {
      message: string;
      conversation_id: string;
    };
    if (taken.every((heard) => heard.key !== key)) taken.push({ key, conversation, message });
    if (fate === 'late') return void req.socket.destroy();
    res.end(JSON.stringify({ status: 'processing_started', turn_id: `turn-of-${key}` }));
  });
  server = started;
  return { url: started.url, taken, keys };
}

const waits: number[] = [];
const quickClock = {
  now: () => Date.now(),
  sleep: (ms: number, signal?: AbortSignal) => {
    if (ms < 60_000) waits.push(ms);
    return systemClientClock.sleep(ms < 60_000 ? Math.min(ms, 3) : ms, signal);
  },
};

function openOutbox(url: string, options: ClientOutboxOptions & { now?: () => number } = {}) {
  const { now = quickClock.now, ...rest } = options;
  const told: (OutboxItem & { turnId?: string | undefined })[] = [];
  const outbox = createClient({ baseUrl: url, clock: { ...quickClock, now }, random: () => 0.5 }).outbox({
    onChange: (item, ack) => told.push({ ...item, turnId: ack?.turn_id }),
    ...rest,
  });
  opened.push(outbox);
  return { outbox, told };
}
const say = (message: string, conversationId = 'c-1') => ({ message, conversationId });

describe('an outbox', () => {
  test('sends what is written, in order, and says how each fares', async () => {
    const { url, taken } = await startChat([]);
    const { outbox, told } = openOutbox(url);
    outbox.add(say('one'), 'k-1');
    outbox.add(say('two'), 'k-2');
    await expect.poll(() => taken.map(({ message }) => message)).toEqual(['one', 'two']);
    await outbox.settled();
    expect(outbox.items).toEqual([]);
    expect(told.map(({ key, state, turnId }) => [key, state, turnId])).toEqual([
      ['k-1', 'sending', undefined],
      ['k-2', 'sending', undefined],
      ['k-1', 'sent', 'turn-of-k-1'],
      ['k-2', 'sent', 'turn-of-k-2'],
    ]);
  });

  test('written offline: nothing is tried, all of it waits, and goes out once when the network is back', async () => {
    const { url, taken, keys } = await startChat([]);
    let isOnline = false;
    const { outbox } = openOutbox(url, { isOnline: () => isOnline });
    for (const text of ['one', 'two', 'three']) outbox.add(say(text), text);
    await expect
      .poll(() => outbox.items.map(({ error }) => error?.errorType))
      .toEqual(Array.from({ length: 3 }, () => 'network_error'));
    expect(outbox.items.map(({ state }) => state)).toEqual(Array.from({ length: 3 }, () => 'queued_offline'));
    expect(keys).toEqual([]);
    isOnline = true;
    outbox.wake();
    await outbox.settled();
    expect(taken.map(({ message }) => message)).toEqual(['one', 'two', 'three']);
    expect(keys).toEqual(['one', 'two', 'three']);
  });

  test('an ack that got lost is asked for again under the same key', async () => {
    const { url, taken, keys } = await startChat(['late', 'gone']);
    const { outbox, told } = openOutbox(url);
    outbox.add(say('one'), 'k-1');
    await expect.poll(() => outbox.items).toEqual([]);
    expect(keys).toEqual(['k-1', 'k-1', 'k-1']);
    expect(taken).toHaveLength(1);
    expect(told.at(-1)).toMatchObject({ state: 'sent', turnId: 'turn-of-k-1' });
  });

  test('an answer that does not come is given up', async () => {
    let hanging = 0;
    server = await startServer((_req, res) => {
      hanging += 1;
      if (hanging > 1) res.end(JSON.stringify({ status: 'processing_started', turn_id: 't' }));
    });
    const outbox = createClient({ baseUrl: server.url, random: () => 0 }).outbox({ attemptLimitMs: 300 });
    opened.push(outbox);
    outbox.add(say('one'));
    await expect.poll(() => outbox.items).toEqual([]);
    expect(hanging).toBeGreaterThan(1);
  });

  test('a server that asks to wait is waited for, also when the page wakes up', async () => {
    const { url, keys } = await startChat(['429']);
    const slept: number[] = [];
    let wakeUp = () => undefined as void;
    const clock = {
      now: () => Date.now(),
      sleep: (ms: number, signal?: AbortSignal) =>
        new Promise<void>((resolve) => {
          if (ms === 1500) slept.push(ms);
          if (ms === 1500) wakeUp = resolve;
          signal?.addEventListener('abort', () => resolve());
        }),
    };
    const outbox = createClient({ baseUrl: url, clock, random: () => 0.5 }).outbox();
    opened.push(outbox);
    outbox.add(say('one'), 'k-1');
    await expect.poll(() => slept).toEqual([1500]);
    expect(outbox.items[0]).toMatchObject({
      state: 'queued_offline',
      error: { errorType: 'e.429', retryAfter: 1 },
    });
    outbox.wake();
    outbox.retry('k-1');
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(keys).toHaveLength(1);
    wakeUp();
    await expect.poll(() => outbox.items).toEqual([]);
  });

  test('a final refusal is told and leaves the line; sent again, it is tried again', async () => {
    const { url, taken } = await startChat(['400']);
    const { outbox, told } = openOutbox(url);
    outbox.add(say('bad'), 'k-1');
    outbox.add(say('good'), 'k-2');
    await outbox.settled();
    await expect.poll(() => taken.map(({ key }) => key)).toEqual(['k-2']);
    expect(outbox.items).toMatchObject([{ key: 'k-1', state: 'failed', error: { errorType: 'e.400' } }]);
    outbox.retry('k-1');
    await expect.poll(() => outbox.items).toEqual([]);
    expect(taken.map(({ key }) => key)).toEqual(['k-2', 'k-1']);
    expect(told.at(-1)?.state).toBe('sent');
  });

  test('only the user takes one away', async () => {
    const { url, taken } = await startChat([]);
    let isOnline = false;
    const storage = createMemoryOutboxStorage();
    const { outbox } = openOutbox(url, { isOnline: () => isOnline, storage });
    outbox.add(say('one'), 'k-1');
    outbox.add(say('two'), 'k-2');
    expect(outbox.discard('k-1')?.message).toBe('one');
    isOnline = true;
    outbox.wake();
    await expect.poll(() => outbox.items).toEqual([]);
    expect(taken.map(({ key }) => key)).toEqual(['k-2']);
    expect(await storage.load()).toEqual([]);
  });

  test('a new page takes up what the old one kept, in order, under the same keys', async () => {
    const { url, taken } = await startChat([]);
    const storage = createMemoryOutboxStorage();
    const before = openOutbox(url, { storage, isOnline: () => false });
    const file = { filename: 'a.txt', blob: new Blob(['inside']) };
    before.outbox.add(say('one'), 'k-1');
    before.outbox.add({ ...say('two'), attachments: [] }, 'k-2');
    before.outbox.add({ ...say('file', 'c-2'), attachments: [file] }, 'k-3');
    await expect.poll(async () => (await storage.load()).length).toBe(3);
    before.outbox.close();
    const after = openOutbox(url, { storage, isOnline: () => false });
    await after.outbox.open();
    expect(after.outbox.items.map(({ key, state }) => [key, state])).toEqual([
      ['k-1', 'queued_offline'],
      ['k-2', 'queued_offline'],
      ['k-3', 'queued_offline'],
    ]);
    after.outbox.discard('k-3');
    await expect.poll(async () => (await storage.load()).length).toBe(2);
    after.outbox.close();
    const online = openOutbox(url, { storage });
    await online.outbox.open();
    await expect.poll(() => online.outbox.items).toEqual([]);
    expect(taken.map(({ key }) => key)).toEqual(['k-1', 'k-2']);
  });

  test('after a day nothing is sent without being asked', async () => {
    const { url, taken } = await startChat([]);
    const storage = createMemoryOutboxStorage();
    const before = openOutbox(url, { storage, isOnline: () => false });
    before.outbox.add(say('old'), 'k-1');
    await expect.poll(async () => (await storage.load()).length).toBe(1);
    before.outbox.close();
    const { outbox } = openOutbox(url, { storage, now: () => Date.now() + 24 * 3_600_000 });
    await outbox.open();
    await expect.poll(() => outbox.items[0]?.error?.errorType).toBe('outbox_too_old');
    expect(taken).toEqual([]);
    outbox.retry('k-1');
    await expect.poll(() => taken.map(({ key }) => key)).toEqual(['k-1']);
  });

  test('it has bounds, and a storage that fails costs nothing but what a reload would lose', async () => {
    const { url, taken } = await startChat([]);
    const broken = {
      load: () => Promise.reject(new Error('no')),
      save: () => Promise.reject(new Error('full')),
      remove: () => Promise.reject(new Error('no')),
    };
    let isOnline = false;
    const { outbox } = openOutbox(url, {
      storage: broken,
      isOnline: () => isOnline,
      maxItems: 3,
      maxBytes: 1000,
    });
    await outbox.open();
    outbox.add(say('one'));
    expect(() => outbox.add(say('x'.repeat(500)))).toThrow(OutboxFull);
    outbox.add(say('two'));
    outbox.add(say('three'));
    expect(() => outbox.add(say('four'))).toThrow(OutboxFull);
    isOnline = true;
    outbox.wake();
    await expect.poll(() => taken.map(({ message }) => message)).toEqual(['one', 'two', 'three']);
  });

  test('whatever the network does, and however often the page is loaded again: each once, and in order', async () => {
    const fate = fc.constantFrom<Fate>('ok', 'gone', 'late', '503', '429');
    const step = fc.oneof(
      fc.record({ write: fc.constantFrom('c-1', 'c-2') }),
      fc.record({ write: fc.constantFrom('c-1', 'c-2') }),
      fc.constant('reload' as const),
      fc.constant('pause' as const),
      fc.constant('wake' as const),
    );
    let retried = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fate, { maxLength: 25 }),
        fc.array(step, { minLength: 3, maxLength: 15 }),
        async (fates, steps) => {
          const { url, taken, keys } = await startChat([...fates]);
          const storage = createMemoryOutboxStorage();
          const written: Heard[] = [];
          let { outbox } = openOutbox(url, { storage });
          for (const each of steps) {
            if (each === 'reload') {
              outbox.close();
              ({ outbox } = openOutbox(url, { storage }));
              await outbox.open();
            } else if (each === 'pause') await new Promise((resolve) => setTimeout(resolve, 2));
            else if (each === 'wake') outbox.wake();
            else {
              const key = `k-${written.length}`;
              outbox.add(say(key, each.write), key);
              written.push({ key, conversation: each.write, message: key });
            }
          }
          await expect.poll(() => outbox.items, { timeout: 5000, interval: 2 }).toEqual([]);
          for (const conversation of ['c-1', 'c-2']) {
            const of = (list: readonly Heard[]) =>
              list.filter((heard) => heard.conversation === conversation);
            expect(of(taken)).toEqual(of(written));
          }
          expect(await storage.load()).toEqual([]);
          retried += keys.length - written.length;
          outbox.close();
          await server?.close();
          server = undefined;
        },
      ),
      { numRuns: 40 },
    );
    expect(retried).toBeGreaterThan(20);
  }, 60_000);
});
