import { randomBytes } from 'node:crypto';
import { Deadline, createIds, systemClock } from '@switchyard/kernel';
import type { Service } from '@switchyard/kernel';
import { submissionSchema } from '@switchyard/protocol';
import { connectRedis, createKeys, createSubscriber } from '@switchyard/redis';
import type { RedisConnection } from '@switchyard/redis';
import { openStore } from '@switchyard/store';
import { createMetrics, silentLog } from '@switchyard/telemetry';
import { createTurns, createWorker, turnsConfigSchema, workerConfigSchema } from '@switchyard/turns';
import type { AcceptRequest, TurnExecutor, TurnOutcome, Turns, WorkerConfig } from '@switchyard/turns';
import type { Servers } from '../src/servers.ts';

/** The heart without HTTP, identity and hosts: accept on one side, workers on the other, real stores between them. */
export interface HeartRig {
  readonly turns: Turns;
  /** When the last script of the accepting side was sent, on `performance.now()`. */
  lastScriptAt(): number;
  startWorker(executor: TurnExecutor, config?: Partial<WorkerConfig>): Promise<Service>;
  request(index: number, over?: Partial<AcceptRequest>): AcceptRequest;
  stop(): Promise<void>;
}

/** So many users that nobody's own limits count; capacity as large as the backlog asks for. */
const USERS = 2000;
const WIDE_QUEUE = { queueFactor: 10_000_000, userQueueRegistered: 10_000_000, mailboxSize: 1000 };
/** What a user may have on a lane or running at once, else held: a backlog of few users would lie in held lists. */
const WIDE_RUNNING = {
  userRunningAnonymous: 1_000_000,
  userRunningRegistered: 1_000_000,
  userRunningPaid: 1_000_000,
  userRunningPrivileged: 1_000_000,
};

/** `hasRunningCaps`: a user's own caps of running turns stay as they are shipped, and what is over them is held. */
export async function openHeart(
  servers: Pick<Servers, 'redisUrl' | 'databaseUrl'>,
  project: string,
  { hasRunningCaps = false } = {},
): Promise<HeartRig> {
  const wide = hasRunningCaps ? {} : WIDE_RUNNING;
  const scope = { tenant: 'bench', project };
  const keys = createKeys(scope);
  const ids = createIds(systemClock, randomBytes);
  const store = await openStore({ url: servers.databaseUrl, poolSize: 8, applicationName: 'bench' });
  const connections: RedisConnection[] = [];
  const connect = async (kind: RedisConnection['kind']) => {
    const connection = await connectRedis({ url: servers.redisUrl, kind, name: 'bench' });
    connections.push(connection);
    return connection;
  };
  const accepting = await connect('commands');
  let lastScriptAt = 0;
  const evalsha = accepting.driver.evalsha.bind(accepting.driver) as (
    ...words: unknown[]
  ) => Promise<unknown>;
  Object.assign(accepting.driver, {
    evalsha: (...words: unknown[]) => {
      lastScriptAt = performance.now();
      return evalsha(...words);
    },
  });
  const shared = { sql: store.sql, keys, scope, clock: systemClock, ids, log: silentLog };
  const metrics = createMetrics({ service: 'bench' });
  const turns = createTurns({
    ...shared,
    metrics,
    redis: accepting,
    config: { ...turnsConfigSchema.parse({}), ...WIDE_QUEUE, ...wide },
  });
  const workers: Service[] = [];
  return {
    turns,
    lastScriptAt: () => lastScriptAt,
    async startWorker(executor, config = {}) {
      const worker = createWorker({
        ...shared,
        metrics: createMetrics({ service: 'bench-worker' }),
        executor,
        redis: await connect('commands'),
        subscriber: createSubscriber(await connect('subscriber')),
        connectClaim: () => connect('claim'),
        config: { ...workerConfigSchema.parse({}), ...wide, ...config },
        name: 'bench',
        version: 'bench',
      });
      await worker.start();
      workers.push(worker);
      return worker;
    },
    request: (index, over = {}) => ({
      identity: {
        userId: `u${index % USERS}`,
        userType: 'registered',
        sessionId: `s${index % USERS}`,
        roles: [],
      },
      bundleId: 'bench',
      kind: 'message',
      text: 'hello',
      submission: submissionSchema.parse({ external_events: [{ type: 'event.user.prompt' }] }),
      attachments: [],
      requestId: 'r1',
      ...over,
    }),
    async stop() {
      for (const worker of workers) await worker.stop(Deadline.in(3000));
      for (const connection of connections) await connection.close();
      await store.close();
    },
  };
}

export const completed = (answer: string): TurnOutcome => ({
  status: 'completed',
  result: { final_answer: answer },
  record: { v: 1, final_answer: answer, steps: [], citations: [], followups: [], files: [], usage: [] },
});
