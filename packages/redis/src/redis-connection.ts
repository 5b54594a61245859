import type { Redis } from 'ioredis';
import { PlatformError } from '@switchyard/kernel';
import { askNode } from './ask-nodes.ts';
import { accessOf } from './create-master-finder.ts';
import { hasMovedAway, planDriver, TrackedRedis } from './redis-driver.ts';
import type { DriverPlan, DriverTarget } from './redis-driver.ts';
import { nameOfNode, parseRedisUrl } from './redis-url.ts';
import type { RedisAddress } from './redis-url.ts';
import { readServerInfo, refusalOfServer } from './server-info.ts';
import { watchMaster } from './watch-master.ts';

/**
 * What a connection is for decides what it may do when the socket breaks.
 * - `commands`: plain commands wait in the driver's queue for the reconnect; scripts are sent again by their own loop.
 * - `claim`: neither queues offline nor sends again (02, Waiting for work): a pop that is sent twice loses a task for a lease.
 * - `subscriber`: only subscriptions, which `createSubscriber` renews by itself.
 */
export type RedisKind = 'commands' | 'claim' | 'subscriber';

export interface RedisOptions extends DriverTarget {
  kind: RedisKind;
  /** Told the server's run_id after every (re)connect, before any command of ours goes out. */
  onRunId?: (runId: string) => void;
  /** How long `connectRedis` waits for the first answer; 10 s. */
  connectLimitMs?: number;
  /** How often the connection looks whether its server is still the master; 2 s. */
  watchEveryMs?: number;
  /** A connection broke or could not be made; it is made again by itself. For the log. */
  onError?: (error: Error) => void;
}

export interface RedisConnection {
  readonly kind: RedisKind;
  /** What stands behind the address. */
  readonly topology: RedisAddress['kind'];
  /** The driver, for rooms that speak plain commands. Never for a key that a script owns. */
  readonly driver: Redis;
  /** `run_id` of the server at the other end; empty while there is none. */
  runId(): string;
  /** True while commands can be sent at once. */
  isReady(): boolean;
  /** Resolves when commands can be sent; rejects with UNAVAILABLE after `limitMs`. */
  ready(limitMs: number): Promise<void>;
  /** Called after every (re)connect. Returns its removal. */
  onReady(listener: () => void): () => void;
  /** Drops the socket and connects again: for a connection that answers no more. */
  reconnect(): void;
  /**
   * Asks every server that takes the scope's writes or may come to take them, each over a connection of its own where there are
   * several. One that does not answer has `error`.
   */
  askServers<T>(question: (driver: Redis) => Promise<T>): Promise<ServerAnswer<T>[]>;
  /** Ends the connection in order; what is in flight is answered first, when the server answers within a second. */
  close(): Promise<void>;
}

/** `server` is empty where there is only one. */
export type ServerAnswer<T> = { server: string; value: T } | { server: string; error: unknown };

const CONNECT_TIMEOUT_MS = 10_000;
const QUIT_TIMEOUT_MS = 1000;
const WATCH_EVERY_MS = 2000;

/**
 * Connects to the one server that takes the scope's writes, whatever stands around it, and waits for the first answer. The
 * connection follows that role: after a failover, or when a slot has moved, it ends at the new server, with that one's run_id.
 * Rejects with CONFIG for a bad address or a server that is too old, with UNAVAILABLE when there is no answer in time.
 */
export async function connectRedis(options: RedisOptions): Promise<RedisConnection> {
  const plan = planDriver(options);
  const state: State = { runId: '', refusal: undefined, lastError: undefined, isClosing: false };
  const driver = createDriver(options, plan, state);
  const connection = wrap(driver, options, plan, state);
  driver.connect().catch(() => undefined);
  try {
    await connection.ready(options.connectLimitMs ?? CONNECT_TIMEOUT_MS);
  } catch (error) {
    await connection.close();
    throw state.refusal ?? withReason(error, state.lastError);
  }
  return connection;
}

interface State {
  runId: string;
  refusal: PlatformError | undefined;
  lastError: Error | undefined;
  isClosing: boolean;
}

function createDriver(options: RedisOptions, plan: DriverPlan, state: State): TrackedRedis {
  const driver = new TrackedRedis({
    ...plan.options,
    lazyConnect: true,
    // A server that takes a command and never answers: the socket is given up. Pops of claim connections have their own limit.
    ...(options.kind === 'commands' ? { socketTimeout: 15_000 } : {}),
    enableOfflineQueue: options.kind !== 'claim',
    // A script carries the run_id that it was made for: sent again by the driver it could reach another server's data.
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    // Commands that wait for a reconnect give up after some 3 s; scripts have their own limit.
    maxRetriesPerRequest: options.kind === 'commands' ? 8 : null,
    reconnectOnError: (error) => {
      if (!hasMovedAway(error)) return false;
      // From here on nothing may carry this server's run_id: what is sent before the socket is closed waits for the next one.
      state.runId = '';
      return true;
    },
  });
  const note = (error: Error) => {
    state.lastError = error;
    options.onError?.(error);
  };
  driver.onInfo = (text) => {
    const info = readServerInfo(text);
    const refusal = refusalOfServer(info);
    if (refusal !== undefined) {
      state.refusal = refusal;
      note(refusal);
      driver.disconnect();
    } else if (info.role !== '' && info.role !== 'master') {
      note(new Error('this redis is a replica'));
    } else {
      state.runId = info.runId;
      options.onRunId?.(info.runId);
    }
  };
  // Without a listener the driver writes to the console.
  driver.on('error', note);
  driver.on('close', () => {
    state.runId = '';
    driver.failInFlight();
  });
  return driver;
}

function wrap(driver: TrackedRedis, options: RedisOptions, plan: DriverPlan, state: State): RedisConnection {
  const isReady = () => driver.status === 'ready' && state.runId !== '';
  const reconnect = () => {
    if (state.isClosing) return;
    state.runId = '';
    driver.disconnect(true);
  };
  const stopWatching = watchMaster({
    ...plan,
    driver,
    everyMs: options.watchEveryMs ?? WATCH_EVERY_MS,
    mustAnswer: options.kind !== 'claim',
    isReady,
    leave: (reason) => {
      options.onError?.(new Error(reason));
      reconnect();
    },
  });
  // A cluster ends subscriptions of its own accord when their slot goes elsewhere.
  driver.on('moved', reconnect);
  return {
    kind: options.kind,
    topology: plan.topology,
    driver,
    runId: () => state.runId,
    isReady,
    ready: (limitMs) => (isReady() ? Promise.resolve() : waitUntilReady(driver, limitMs)),
    onReady: (listener) => {
      driver.on('ready', listener);
      return () => void driver.off('ready', listener);
    },
    reconnect,
    askServers: (question) => askServers(driver, options.url, plan, question),
    close: async () => {
      if (state.isClosing) return;
      state.isClosing = true;
      stopWatching();
      if (driver.status === 'ready') await Promise.race([driver.quit().catch(() => undefined), quitLimit()]);
      driver.disconnect();
    },
  };
}

async function askServers<T>(
  driver: Redis,
  url: string,
  { finder }: DriverPlan,
  question: (driver: Redis) => Promise<T>,
): Promise<ServerAnswer<T>[]> {
  const candidates = await finder.candidates();
  if (candidates.length === 0) return [{ server: '', value: await question(driver) }];
  const access = accessOf(parseRedisUrl(url));
  return Promise.all(
    candidates.map(async (node) => {
      const server = nameOfNode(node);
      try {
        return { server, value: await askNode(node, access, question) };
      } catch (error) {
        return { server, error };
      }
    }),
  );
}

function quitLimit(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, QUIT_TIMEOUT_MS).unref());
}

function waitUntilReady(driver: Redis, limitMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: Error) => {
      clearTimeout(timer);
      driver.off('ready', onReady);
      driver.off('end', onEnd);
      if (error === undefined) resolve();
      else reject(error);
    };
    const onReady = () => settle();
    const onEnd = () => settle(PlatformError.of('UNAVAILABLE', 'the connection to redis is closed'));
    const timer = setTimeout(() => settle(PlatformError.of('UNAVAILABLE', 'redis does not answer')), limitMs);
    driver.once('ready', onReady);
    driver.once('end', onEnd);
    if (driver.status === 'end') onEnd();
  });
}

/** At a start the operator reads it: what the server, the sentinels or the nodes said last. */
function withReason(error: unknown, reason: Error | undefined): unknown {
  if (!(error instanceof PlatformError) || reason === undefined || reason.message === '') return error;
  return PlatformError.of(error.code, `${error.message}: ${reason.message}`, { cause: reason });
}

/**
 * The socket broke while the command was under way or before, or the server is not the one for it (any more): it may or may not
 * have been done.
 */
export function isConnectionLost(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error.name === 'MaxRetriesPerRequestError' || hasMovedAway(error)) return true;
  // ASK and TRYAGAIN: the slot is on its way to another node. Every script is refused at the door until it has arrived.
  return /Connection is closed|Stream isn't writeable|ECONNRESET|ECONNREFUSED|EPIPE|LOADING|^ASK |^TRYAGAIN/.test(
    error.message,
  );
}
