import { afterEach, describe, expect, test } from 'vitest';
import { frame, openStream, startServer } from '../test/sse-server.ts';
import type { Handler, TestServer } from '../test/sse-server.ts';
import { systemClientClock } from './client-clock.ts';
import { createClient } from './create-client.ts';
import type { EventFollower, StreamState } from './follow-events.ts';
import type { StreamEvent } from './stream-event.ts';

let server: TestServer | undefined;
let follower: EventFollower | undefined;

afterEach(async () => {
  follower?.close();
  await server?.close();
});

/** Waits keep their order but take no time, so that only the server's behaviour decides what happens. */
const quickClock = {
  now: systemClientClock.now,
  sleep: (ms: number, signal?: AbortSignal) => systemClientClock.sleep(Math.min(ms, 20), signal),
};

interface Seen {
  events: StreamEvent[];
  states: StreamState[];
}

async function follow(
  handler: Handler,
  options: { lastEventId?: string; silenceLimitMs?: number; real?: boolean } = {},
) {
  const seen: Seen = { events: [], states: [] };
  server = await startServer(handler);
  const { real = false, ...rest } = options;
  const client = createClient({
    baseUrl: server.url,
    clock: real ? systemClientClock : quickClock,
    random: () => 0.5,
  });
  follower = client.stream({
    ...rest,
    onEvent: (event) => seen.events.push(event),
    onState: (state) => seen.states.push(state),
  });
  return { seen, server, follower };
}

describe('an event stream', () => {
  test('reconnects from the last id, drops repeats, and loses nothing', async () => {
    const log = Array.from({ length: 20 }, (_, i) => frame(`1-${i + 1}`, 'chat_delta', { n: i + 1 }));
    let connection = 0;
    const { seen, server } = await follow((req, res) => {
      connection += 1;
      openStream(res);
      const after = Number(String(req.headers['last-event-id'] ?? '1-0').split('-')[1]);
      // Two frames too many at the front, five in all, then the line breaks in the middle of a frame.
      const part = log.slice(Math.max(0, after - 2), after + 5).join('');
      res.write(part);
      if (after + 5 >= log.length) return;
      res.write(log[after + 5]?.slice(0, 12) ?? '');
      if (connection % 2 === 0) res.destroy();
      else res.end();
    });
    await expect.poll(() => seen.events.length).toBe(20);
    expect(seen.events.map((event) => event.id)).toEqual(log.map((_, i) => `1-${i + 1}`));
    // A destroyed connection may take what was written with it: then the same position is asked for again.
    expect([...new Set(server.requests.map((request) => request.lastEventId))]).toEqual([
      undefined,
      '1-5',
      '1-10',
      '1-15',
    ]);
  });

  test.each(['server_shutdown', 'lagged'])(
    '%s: comes back at once and tells the page nothing is wrong',
    async (farewell) => {
      const { seen, server } = await follow((_req, res) => {
        openStream(res);
        res.write(frame('1-1', 'chat_delta', {}));
        if (server.requests.length === 1) res.end(frame(undefined, farewell, {}));
      });
      await expect.poll(() => server.requests.length).toBe(2);
      await expect.poll(() => seen.states.at(-1)?.status).toBe('open');
      expect(server.requests[1]?.lastEventId).toBe('1-1');
      expect(seen.events.filter((event) => event.event === 'chat_delta')).toHaveLength(1);
    },
  );

  test('a bare id moves the position', async () => {
    const { server } = await follow((_req, res) => {
      openStream(res);
      if (server.requests.length === 1) res.end(`${frame('1-1', 'chat_delta', {})}id: 1-7\n\n`);
    });
    await expect.poll(() => server.requests.length).toBe(2);
    expect(server.requests[1]?.lastEventId).toBe('1-7');
  });

  test('a resync is handed on and starts a new count', async () => {
    const { seen, follower } = await follow(
      (_req, res) => {
        openStream(res);
        res.write(frame('2-1', 'resync', { turns: [] }) + frame('2-2', 'chat_delta', {}));
      },
      { lastEventId: '9-5' },
    );
    await expect.poll(() => seen.events.length).toBe(2);
    expect(seen.events[0]?.event).toBe('resync');
    expect(follower.lastEventId).toBe('2-2');
  });

  test('waits as long as the server asks', async () => {
    const waits: number[] = [];
    server = await startServer((_req, res) => {
      if (server?.requests.length === 1) {
        res.writeHead(503, { 'retry-after': '7', 'content-type': 'application/json' });
        res.end(JSON.stringify({ detail: { error: 'Draining.', error_type: 'draining' } }));
      } else openStream(res);
    });
    const states: StreamState[] = [];
    const clock = {
      now: () => Date.now(),
      sleep: async (ms: number, signal?: AbortSignal) => {
        waits.push(ms);
        await systemClientClock.sleep(Math.min(ms, 20), signal);
      },
    };
    follower = createClient({ baseUrl: server.url, clock, random: () => 0 }).stream({
      onEvent: () => undefined,
      onState: (state) => states.push(state),
    });
    await expect.poll(() => states.at(-1)?.status).toBe('open');
    expect(waits).toContain(7_000);
    expect(states.find((state) => state.status === 'reconnecting')?.error).toMatchObject({
      status: 503,
      errorType: 'draining',
      retryAfter: 7,
    });
  });

  test('a refusal that waiting does not cure ends it', async () => {
    const { seen, server } = await follow((_req, res) => {
      res.writeHead(401, { 'content-type': 'application/json', 'x-request-id': 'r-9' });
      res.end(JSON.stringify({ detail: 'User is required.' }));
    });
    await expect.poll(() => seen.states.at(-1)?.status).toBe('failed');
    expect(seen.states.at(-1)?.error).toMatchObject({
      status: 401,
      message: 'User is required.',
      requestId: 'r-9',
    });
    expect(server.requests).toHaveLength(1);
  });

  test('a connection without a byte, not even a comment, is given up', async () => {
    const { server } = await follow(
      (_req, res) => {
        openStream(res);
      },
      { silenceLimitMs: 150, real: true },
    );
    await expect.poll(() => server.requests.length, { timeout: 3_000 }).toBeGreaterThan(1);
  });

  test('comments keep it', async () => {
    const { server, seen } = await follow(
      (_req, res) => {
        openStream(res);
        const timer = setInterval(() => res.write(': keepalive\n\n'), 40);
        setTimeout(() => res.write(frame('1-1', 'chat_delta', {})), 500);
        res.on('close', () => clearInterval(timer));
      },
      { silenceLimitMs: 300, real: true },
    );
    await expect.poll(() => seen.events.length, { timeout: 3_000 }).toBe(1);
    expect(server.requests).toHaveLength(1);
  });

  test('close is final', async () => {
    const { seen, follower, server } = await follow((_req, res) => openStream(res));
    await expect.poll(() => seen.states.at(-1)?.status).toBe('open');
    follower.close();
    await expect.poll(() => seen.states.at(-1)?.status).toBe('closed');
    expect(server.requests).toHaveLength(1);
  });
});
