import { Redis } from 'ioredis';
import { accessOf, createMasterFinder } from './create-master-finder.ts';
import type { DriverOptions } from './driver-options.ts';
import { masterConnector } from './master-connector.ts';
import type { MasterTrace } from './master-connector.ts';
import type { MasterFinder } from './master-finder.ts';
import { parseRedisUrl } from './redis-url.ts';
import type { RedisAddress } from './redis-url.ts';

export interface DriverTarget {
  /** As `parseRedisUrl` reads it. */
  url: string;
  /** Shown in CLIENT LIST. */
  name: string;
  /** Any key of the scope, such as its prefix: on a cluster the connection goes to the master of its slot. Elsewhere not needed. */
  prefix?: string | undefined;
}

export interface DriverPlan {
  readonly topology: RedisAddress['kind'];
  readonly options: DriverOptions;
  readonly finder: MasterFinder;
  readonly trace: MasterTrace;
}

/**
 * The server is not, or no longer, the one that takes the scope's writes. Nothing was done. UNBLOCKED: a blocked pop ended because
 * its server was demoted.
 */
const MOVED_AWAY = /^(MOVED|READONLY|CLUSTERDOWN|MASTERDOWN|UNBLOCKED)\b/;

export function hasMovedAway(error: Error): boolean {
  return MOVED_AWAY.test(error.message);
}

/** How the driver reaches the master of an address, and keeps to it. Throws CONFIG for an address that is not valid. */
export function planDriver({ url, name, prefix }: DriverTarget): DriverPlan {
  const address = parseRedisUrl(url);
  const finder = createMasterFinder(address, prefix);
  const trace: MasterTrace = {};
  const options: DriverOptions = {
    ...accessOf(address),
    Connector: masterConnector(finder, address.isTls, trace),
    db: address.kind === 'cluster' ? 0 : address.db,
    connectionName: name,
    connectTimeout: 5000,
    keepAlive: 10_000,
    // 20, 40, 80, ... 500 ms: a restart takes tens of milliseconds, and submits wait for it.
    retryStrategy: (times) => Math.min(20 * 2 ** Math.min(times - 1, 5), 500),
    reconnectOnError: hasMovedAway,
  };
  return { topology: address.kind, options, finder, trace };
}

/**
 * For libraries that open connections of their own (BullMQ): options of the driver with which every connection, also a duplicate,
 * goes to the master of the scope and follows it. Their keys must lie in the slot of `prefix`.
 */
function redisDriverOptions(target: DriverTarget): DriverOptions {
  return planDriver(target).options;
}

/** A driver for such a library, which must end it: it connects by itself, and its commands wait for a server without limit. */
export function openLibraryDriver(target: DriverTarget, onError: (error: Error) => void): Redis {
  const driver = new Redis({ ...redisDriverOptions(target), maxRetriesPerRequest: null });
  driver.on('error', onError);
  return driver;
}

/**
 * The driver asks INFO on every connect, before it lets anything else out. Reading run_id there means that no script can be sent
 * with the run_id of a server that is gone: what was in flight fails and is asked again with the new one.
 */
export class TrackedRedis extends Redis {
  onInfo: ((text: string) => void) | undefined;

  /**
   * Without sending again, the driver drops what was in flight when the socket broke and never settles it. Its own flush does, and
   * leaves alone what waits for the reconnect.
   */
  failInFlight(): void {
    const own = this as unknown as { flushQueue(error: Error, options: { offlineQueue: boolean }): void };
    own.flushQueue(new Error('Connection is closed.'), { offlineQueue: false });
  }

  /**
   * Between two attempts the driver only stops its timer: it would stay `reconnecting` for ever, and with it what waits for that
   * connection. Given up there, it is at its end, as it is when it is given up anywhere else.
   */
  override disconnect(reconnect = false): void {
    const isBetweenAttempts = this.status === 'reconnecting';
    super.disconnect(reconnect);
    if (reconnect || !isBetweenAttempts) return;
    const own = this as unknown as { setStatus(status: string): void; flushQueue(error: Error): void };
    own.setStatus('end');
    own.flushQueue(new Error('Connection is closed.'));
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
