import { randomBytes } from 'node:crypto';
import { createIds, systemClock } from '@switchyard/kernel';
import type { Service } from '@switchyard/kernel';
import { submissionSchema } from '@switchyard/protocol';
import type { UserType } from '@switchyard/protocol';
import { connectRedis, createKeys, createSubscriber } from '@switchyard/redis';
import type { Keys, RedisConnection, RedisKind } from '@switchyard/redis';
import type { Sql } from '@switchyard/store';
import { createMetrics, silentLog } from '@switchyard/telemetry';
import { platformTest } from '@switchyard/testkit';
import type { PostgresFixture, RedisFixture } from '@switchyard/testkit';
import { createTurns } from '../src/create-turns.ts';
import { createWorker } from '../src/create-worker.ts';
import { createTurnRows } from '../src/turn-rows.ts';
import type { TurnRows } from '../src/turn-rows.ts';
import { bindTurnScripts, loadTurnScripts } from '../src/turn-scripts.ts';
import type { TurnScripts } from '../src/turn-scripts.ts';
import { completed } from './fixtures.ts';
import { turnsConfigSchema, workerConfigSchema } from '../src/turns-config.ts';
import type { TurnsConfig, WorkerConfig } from '../src/turns-config.ts';
import type { AcceptRequest, TurnExecutor, Turns } from '../src/turn-types.ts';

export const clock = systemClock;
export const ids = createIds(clock, randomBytes);
export const metrics = createMetrics({ service: 'test' });

/** As in production, but five times as quick where a test would wait; not quicker, or a busy machine loses leases. */
export const QUICK: Partial<WorkerConfig> = {
  slots: 8,
  lease: 1000,
  leaseRenew: 200,
  reapEvery: 50,
  reconcileEvery: 100,
  reconcileAfter: 300,
  blockedPop: 200,
  heartbeatEvery: 1000,
  abortGrace: 200,
  drainLimit: 1000,
};

export interface LogLine {
  readonly id: string;
  readonly prev: string;
  readonly event: string;
  readonly turnId: string;
  readonly streamId: string;
  readonly body: {
    type: string;
    data: Record<string, unknown>;
    event: { status: string };
    conversation: { turn_id: string };
  };
}

export interface TestWorker {
  readonly service: Service;
  /** The process is gone: nothing of it reaches a store any more, and nothing is given back. */
  kill(): void;
}

export interface Stage {
  readonly keys: Keys;
  readonly redis: RedisConnection;
  readonly sql: Sql;
  readonly rows: TurnRows;
  readonly scripts: TurnScripts;
  readonly turns: Turns;
  connect(kind?: RedisKind, url?: string): Promise<RedisConnection>;
  createTurns(config?: Partial<TurnsConfig>, sql?: Sql): Turns;
  /** Makes Redis' data this server's, as a rebuild of nothing does. */
  openEpoch(): Promise<void>;
  /** Pretends that a worker with so many slots is alive. */
  beat(slots?: number): Promise<void>;
  /** `over.claimUrl`: where its lane connections go, in place of the stage's Redis; `over.sql`: its own way to Postgres. */
  startWorker(
    executor: TurnExecutor,
    config?: Partial<WorkerConfig>,
    over?: { claimUrl?: string; sql?: Sql },
  ): Promise<TestWorker>;
  request(over?: Partial<AcceptRequest> & { user?: string; userType?: UserType }): AcceptRequest;
  log(session?: string): Promise<LogLine[]>;
  /** The events of a turn, as words. */
  story(turnId: string): Promise<string[]>;
  status(turnId: string): Promise<string | undefined>;
}

interface StageNeeds {
  redis: RedisFixture;
  postgres: PostgresFixture;
  /** Another Redis than the run's: for tests that restart it. */
  redisUrl: string | undefined;
}

/** `stage`, for tests that have what it needs. */
export const stageFixture = {
  stage: async ({ redis, postgres, redisUrl }: StageNeeds, use: (stage: Stage) => Promise<void>) => {
    const url = redisUrl ?? redis.url;
    const closers: (() => unknown)[] = [];
    const scope = { tenant: redis.tenant, project: redis.project };
    const keys = createKeys(scope);
    const connect = async (kind: RedisKind = 'commands', to = url) => {
      const connection = await connectRedis({ url: to, prefix: keys.prefix, kind, name: 'test' });
      closers.push(() => connection.close());
      return connection;
    };
    const commands = await connect();
    await use(createStage({ scope, keys, commands, connect, sql: postgres.sql, closers }));
    for (const close of closers.reverse()) await close();
  },
};

export const turnsTest = platformTest
  .extend<{ redisUrl: string | undefined }>({ redisUrl: async ({ task: _task }, use) => use(undefined) })
  .extend<{ stage: Stage }>(stageFixture);

interface Parts {
  readonly scope: { tenant: string; project: string };
  readonly keys: Keys;
  readonly commands: RedisConnection;
  readonly connect: (kind?: RedisKind, url?: string) => Promise<RedisConnection>;
  readonly sql: Sql;
  readonly closers: (() => unknown)[];
}

export function createStage({ scope, keys, commands, connect, sql, closers }: Parts): Stage {
  const scripts = bindTurnScripts(loadTurnScripts(), commands, keys.prefix);
  const rows = createTurnRows(sql, scope);
  const shared = { sql, keys, scope, clock, ids, log: silentLog, metrics };
  const turnsOf = (config: Partial<TurnsConfig> = {}, otherSql: Sql = sql) =>
    createTurns({
      ...shared,
      sql: otherSql,
      redis: commands,
      config: { ...turnsConfigSchema.parse({}), ...config },
    });
  const log = async (session = 's1'): Promise<LogLine[]> =>
    (await commands.driver.xrange(keys.events(session), '-', '+')).map(([id, fields]) => {
      const at = (name: string) => fields[fields.indexOf(name) + 1] ?? '';
      return {
        id,
        prev: at('prev'),
        event: at('event'),
        turnId: at('turn_id'),
        streamId: at('stream_id'),
        body: JSON.parse(at('data')) as LogLine['body'],
      };
    });
  return {
    keys,
    redis: commands,
    sql,
    rows,
    scripts,
    turns: turnsOf(),
    connect,
    createTurns: turnsOf,
    openEpoch: async () =>
      void (await commands.driver.hset(keys.epoch(), { n: '7', run_id: commands.runId() })),
    beat: async (slots = 16) => {
      const args = {
        worker_id: 'w-test',
        slots,
        busy: 0,
        draining: '0' as const,
        version: 'test',
        last_poll_ms: 0,
      };
      await scripts.heartbeat({ ...args, life_ms: 60_000 });
    },
    startWorker: async (executor, config = {}, over = {}) => {
      const own = createBreakableSql(over.sql ?? sql);
      const connections: RedisConnection[] = [];
      const open = async (kind: RedisKind, url?: string) => {
        const connection = await connect(kind, url);
        connections.push(connection);
        return connection;
      };
      const service = createWorker({
        ...shared,
        sql: own.sql,
        executor,
        redis: await open('commands'),
        subscriber: createSubscriber(await open('subscriber')),
        connectClaim: () => open('claim', over.claimUrl),
        config: { ...workerConfigSchema.parse({}), ...QUICK, ...config },
        name: 'w',
        version: 'test',
      });
      await service.start();
      const kill = () => {
        own.break();
        for (const connection of connections) connection.driver.disconnect();
      };
      closers.push(() => {
        kill();
        return service
          .stop({ remainingMs: () => 0 } as Parameters<Service['stop']>[0])
          .catch(() => undefined);
      });
      return { service, kill };
    },
    request: ({ user = 'u1', userType = 'registered', ...over } = {}) => ({
      identity: { userId: user, userType, sessionId: `s${user.slice(1)}`, roles: [] },
      conversationId: 'c1',
      bundleId: 'hello',
      kind: 'message',
      text: 'hello',
      submission: submissionSchema.parse({ external_events: [{ type: 'event.user.prompt' }] }),
      attachments: [],
      streamId: 'stream-1',
      requestId: 'r1',
      ...over,
    }),
    log,
    story: async (turnId) => (await log()).filter((line) => line.turnId === turnId).map(words),
    status: async (turnId) => (await rows.read(turnId))?.status,
  };
}

function words({ event, body }: LogLine): string {
  const {
    state,
    completion,
    error_type: errorType,
  } = (body.data ?? {}) as Record<string, string | undefined>;
  if (event === 'conv_status') return completion === undefined ? `${state}` : `${state} after ${completion}`;
  if (event === 'chat_error') return `chat_error ${errorType}`;
  return event === 'chat_service' ? body.type : event;
}

function createBreakableSql(sql: Sql): { sql: Sql; break(): void } {
  let isBroken = false;
  const guard =
    <A extends unknown[], R>(run: (...args: A) => Promise<R>) =>
    (...args: A): Promise<R> =>
      isBroken ? Promise.reject(new Error('this process is dead')) : run(...args);
  return {
    sql: {
      query: guard(sql.query),
      tx: guard(sql.tx),
      tryAdvisoryLock: guard(sql.tryAdvisoryLock),
      advisoryLock: guard(sql.advisoryLock),
    } as Sql,
    break: () => (isBroken = true),
  };
}

/** Answers at once with the message's own words. */
export const echo: TurnExecutor = {
  prepare: () => Promise.resolve((turn) => Promise.resolve(completed(turn.task.payload.message))),
};
