import { Redis } from 'ioredis';
import { PlatformError } from '@switchyard/kernel';

/**
 * What a connection is for decides what it may do when the socket breaks.
 * - `commands`: plain commands wait in the driver's queue for the reconnect; scripts are sent again by their own loop.
 * - `claim`: neither queues offline nor sends again (02, Waiting for work): a pop that is sent twice loses a task for a lease.
 * - `subscriber`: only subscriptions, which `createSubscriber` renews by itself.
 */
export type RedisKind = 'commands' | 'claim' | 'subscriber';

export interface RedisOptions {
  url: string;
  /** Shown in CLIENT LIST. */
  name: string;
  kind: RedisKind;
  /** Told the server's run_id after every (re)connect, before any command of ours goes out. */
  onRunId?: (runId: string) => void;
  /** How long `connectRedis` waits for the first answer; 10 s. */
  connectLimitMs?: number;
  /** A connection broke or could not be made; it is made again by itself. For the log. */
  onError?: (error: Error) => void;
}

export interface RedisConnection {
  readonly kind: RedisKind;
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
  /** Ends the connection in order; what is in flight is answered first, when the server answers within a second. */
  close(): Promise<void>;
}

const CONNECT_TIMEOUT_MS = 10_000;
const QUIT_TIMEOUT_MS = 1000;

/**
 * The driver asks INFO on every connect, before it lets anything else out. Reading run_id there means that no script can be sent
 * with the run_id of a server that is gone: what was in flight fails and is asked again with the new one.
 */
class TrackedRedis extends Redis {
  onInfo: ((text: string) => void) | undefined;

  /**
   * Without sending again, the driver drops what was in flight when the socket broke and never settles it. Its own flush does, and
   * leaves alone what waits for the reconnect.
   */
  failInFlight(): void {
    const own = this as unknown as { flushQueue(error: Error, options: { offlineQueue: boolean }): void };
    own.flushQueue(new Error('Connection is closed.'), { offlineQueue: false });
  }

  override info(...parts: unknown[]): Promise<string> {
    const callback = parts.at(-1);
    const ask = super.info.bind(this) as (...all: unknown[]) => Promise<string>;
    if (typeof callback !== 'function') return ask(...parts);
    return ask(...parts.slice(0, -1), (error: Error | null, text?: string) => {
      if (typeof text === 'string') this.onInfo?.(text);
      (callback as (error: Error | null, text?: string) => void)(error, text);
    });
  }
}

/** Connects and waits for the first answer; rejects with UNAVAILABLE when there is none in time. */
export async function connectRedis(options: RedisOptions): Promise<RedisConnection> {
  const driver = createDriver(options);
  let runId = '';
  driver.onInfo = (text) => {
    runId = /^run_id:([0-9a-f]+)/m.exec(text)?.[1] ?? '';
    options.onRunId?.(runId);
  };
  // Without a listener the driver writes to the console.
  driver.on('error', (error: Error) => options.onError?.(error));
  driver.on('close', () => {
    runId = '';
    driver.failInFlight();
  });
  const connection = wrap(driver, options.kind, () => runId);
  driver.connect().catch(() => undefined);
  try {
    await connection.ready(options.connectLimitMs ?? CONNECT_TIMEOUT_MS);
  } catch (error) {
    driver.disconnect();
    throw error;
  }
  return connection;
}

function createDriver(options: RedisOptions): TrackedRedis {
  return new TrackedRedis(options.url, {
    connectionName: options.name,
    lazyConnect: true,
    connectTimeout: 5000,
    keepAlive: 10_000,
    // A server that takes a command and never answers: the socket is given up. Pops of claim connections have their own limit.
    ...(options.kind === 'commands' ? { socketTimeout: 15_000 } : {}),
    enableOfflineQueue: options.kind !== 'claim',
    // A script carries the run_id that it was made for: sent again by the driver it could reach another server's data.
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    // Commands that wait for a reconnect give up after some 3 s; scripts have their own limit.
    maxRetriesPerRequest: options.kind === 'commands' ? 8 : null,
    // 20, 40, 80, ... 500 ms: a restart takes tens of milliseconds, and submits wait for it.
    retryStrategy: (times) => Math.min(20 * 2 ** Math.min(times - 1, 5), 500),
  });
}

function wrap(driver: TrackedRedis, kind: RedisKind, runId: () => string): RedisConnection {
  let isClosing = false;
  const isReady = () => driver.status === 'ready' && runId() !== '';
  return {
    kind,
    driver,
    runId,
    isReady,
    ready: (limitMs) => (isReady() ? Promise.resolve() : waitUntilReady(driver, limitMs)),
    onReady: (listener) => {
      driver.on('ready', listener);
      return () => void driver.off('ready', listener);
    },
    reconnect: () => {
      if (!isClosing) driver.disconnect(true);
    },
    close: async () => {
      if (isClosing) return;
      isClosing = true;
      if (driver.status === 'ready') await Promise.race([driver.quit().catch(() => undefined), quitLimit()]);
      driver.disconnect();
    },
  };
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

/** The socket broke while the command was under way or before: it may or may not have been done. */
export function isConnectionLost(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error.name === 'MaxRetriesPerRequestError') return true;
  return /Connection is closed|Stream isn't writeable|ECONNRESET|ECONNREFUSED|EPIPE|LOADING|MASTERDOWN|READONLY/.test(
    error.message,
  );
}
