import { setTimeout as pause } from 'node:timers/promises';
import { Deadline, systemClock } from '@switchyard/kernel';
import { connectRedis, createKeys, createSubscriber } from '@switchyard/redis';
import { createRelay } from '@switchyard/relay';
import type { Relay } from '@switchyard/relay';
import { createMetrics } from '@switchyard/telemetry';
import { platformTest } from '@switchyard/testkit';
import { expect, onTestFinished } from 'vitest';
import { openIngress } from '../../test/ingress-fixture.ts';
import { openReturningClient } from '../../test/returning-client.ts';

const SESSIONS = 125;
const STREAMS_OF_EACH = 4;
const END = '|end|';

/** Writes into sessions' logs as a worker does. */
async function openWriter(url: string, scope: { tenant: string; project: string }) {
  const redis = await connectRedis({ url, name: 'storm-writer', kind: 'commands' });
  const listening = await connectRedis({ url, name: 'storm-writer-sub', kind: 'subscriber' });
  const keys = createKeys(scope);
  await redis.driver.hset(keys.epoch(), { n: '1', run_id: redis.runId() });
  const relay: Relay = createRelay({
    redis,
    subscriber: createSubscriber(listening),
    keys,
    clock: systemClock,
    metrics: createMetrics({ service: 'test' }),
  });
  const close = async () => {
    await relay.close();
    await listening.close();
    await redis.close();
  };
  const say = (sessionId: string, text: string) =>
    relay.publish({
      sessionId,
      event: 'chat_delta',
      streamId: '',
      conversationId: 'c1',
      turnId: 't1',
      data: JSON.stringify({ type: 'chat.delta', delta: { text, marker: 'answer' }, text }),
    });
  return { redis, say, close };
}

platformTest(
  '500 clients through two restarts and a subscriber that is killed every 400 ms: each has the whole text, once',
  { timeout: 90_000 },
  async ({ redis: shared, postgres }) => {
    const server = await shared.privateServer();
    const redis = { ...shared, url: server.url };
    let bench = await openIngress({ redis, postgres });
    const env = { PORT: String(bench.running.port) };
    const writer = await openWriter(server.url, bench.scope);
    onTestFinished(async () => {
      await writer.close();
      await bench.stop();
    });
    const tokens = await Promise.all(
      Array.from({ length: SESSIONS }, (_, at) => bench.tokenFor(`user-${at}`)),
    );
    const sessions: string[] = [];
    for (const token of tokens) {
      const profile = (await (await bench.call('GET', '/profile', { token })).json()) as {
        session_id: string;
      };
      sessions.push(profile.session_id);
    }
    const clients = tokens.flatMap((token) =>
      Array.from({ length: STREAMS_OF_EACH }, () =>
        openReturningClient({ url: bench.url, token, end: END, random: Math.random }),
      ),
    );
    onTestFinished(() => clients.forEach((client) => client.stop()));
    await expect.poll(() => bench.running.open.streams(), { timeout: 40_000 }).toBe(clients.length);

    let killed = 0;
    const killer = setInterval(() => {
      void writer.redis.driver.call('CLIENT', 'KILL', 'TYPE', 'pubsub').then(
        (count) => (killed += Number(count)),
        () => undefined,
      );
    }, 400);
    onTestFinished(() => clearInterval(killer));
    let peakReads = 0;
    const written = new Map<string, string>();
    const sayToAll = (text: string) =>
      Promise.all(
        sessions.map(async (sessionId) => {
          await writer.say(sessionId, text);
          written.set(sessionId, (written.get(sessionId) ?? '') + text);
        }),
      );
    for (let round = 0; round < 40; round += 1) {
      await sayToAll(`${round},`);
      if (round === 12 || round === 25) {
        // All are back from the time before: now they lose it again, at once.
        await expect.poll(() => bench.running.open.streams(), { timeout: 40_000 }).toBe(clients.length);
        peakReads = Math.max(peakReads, bench.running.open.peakReads());
        await bench.running.stop(Deadline.in(5000));
        // The world does not wait for an ingress: what is said now is in the log alone.
        await sayToAll(`down at ${round},`);
        bench = await openIngress({ redis, postgres, env });
      }
      // The pace of an answer, so that the kills fall between its words.
      await pause(60);
    }
    clearInterval(killer);
    await sayToAll(END);
    await Promise.all(clients.map((client) => client.done));
    peakReads = Math.max(peakReads, bench.running.open.peakReads());

    const texts = [...written.values()].flatMap((text) =>
      Array.from({ length: STREAMS_OF_EACH }, () => text),
    );
    expect(new Set(texts).size).toBe(1);
    expect(clients.filter((client) => client.text !== texts[0]).map((client) => client.text)).toEqual([]);
    const sum = (name: keyof (typeof clients)[0]['counts']) =>
      clients.reduce((total, client) => total + client.counts[name], 0);
    expect([sum('repeats'), sum('resyncs')]).toEqual([0, 0]);
    expect(sum('connections')).toBeGreaterThanOrEqual(3 * clients.length);
    expect(killed).toBeGreaterThan(3);
    expect(peakReads).toBeLessThanOrEqual(32);
  },
);
