import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '@switchyard/kernel';
import type { Keys, RedisConnection } from '@switchyard/redis';
import type { Log } from '@switchyard/telemetry';

/** One request of a site. No query, no header, no body: secrets travel there. */
export interface SiteLogEntry {
  /** ISO 8601. */
  readonly time: string;
  readonly request_id: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly ms: number;
  /** The client left before the end of its answer. */
  readonly is_aborted?: true;
}

export interface SiteLogPart {
  /** Oldest first. */
  readonly entries: readonly SiteLogEntry[];
  /** Where to go on. */
  readonly position: string;
}

export interface SiteLogParts {
  readonly redis: Pick<RedisConnection, 'driver'>;
  readonly keys: Pick<Keys, 'siteLog'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Pick<Log, 'warn'>;
  readonly maxLines: number;
}

/** Lines are written in groups: a site that is asked a thousand times a second costs four writes. */
const WRITE_EVERY_MS = 250;
const MAX_PENDING = 5_000;
const KEEP_MS = 7 * 24 * 3_600_000;
const MAX_PATH = 500;
const POSITION = /^\d{1,16}-\d{1,16}$/u;

export type SiteLog = ReturnType<typeof createSiteLog>;

/** The last requests of each site, of all workers: a ring in Redis. What it cannot take is dropped; no request waits for it. */
export function createSiteLog({ redis, keys, clock, log, maxLines }: SiteLogParts) {
  let pending: { alias: string; text: string }[] = [];
  let timer: NodeJS.Timeout | undefined;
  const write = async (): Promise<void> => {
    timer = undefined;
    const lines = pending;
    pending = [];
    try {
      const batch = redis.driver.pipeline();
      for (const { alias, text } of lines)
        batch.xadd(keys.siteLog(alias), 'MAXLEN', '~', maxLines, '*', 'e', text);
      for (const alias of new Set(lines.map((line) => line.alias)))
        batch.pexpire(keys.siteLog(alias), KEEP_MS);
      await batch.exec();
    } catch (error) {
      log.warn('the request log of sites could not be written', { error, lines: lines.length });
    }
  };
  const record = (alias: string, entry: Omit<SiteLogEntry, 'time'>): void => {
    if (pending.length >= MAX_PENDING) return;
    const path = entry.path.length > MAX_PATH ? `${entry.path.slice(0, MAX_PATH)}...` : entry.path;
    const line: SiteLogEntry = { ...entry, path, time: new Date(clock.now()).toISOString() };
    pending.push({ alias, text: JSON.stringify(line) });
    timer ??= setTimeout(() => void write(), WRITE_EVERY_MS);
  };
  return {
    record,
    /** When an answer of a site is over; its time counts from `startedAt`, of the same clock. */
    answered(
      alias: string,
      path: string,
      req: Pick<IncomingMessage, 'method'>,
      res: Pick<ServerResponse, 'statusCode' | 'writableFinished' | 'getHeader'>,
      startedAt: number,
    ): void {
      record(alias, {
        request_id: String(res.getHeader('x-request-id') ?? ''),
        method: req.method ?? '',
        path,
        status: res.statusCode,
        ms: Math.max(0, Math.round(clock.now() - startedAt)),
        ...(res.writableFinished ? {} : { is_aborted: true as const }),
      });
    },
    /** @param after of the last part; without it, the last lines */
    async read(alias: string, { after, limit }: { after?: string; limit: number }): Promise<SiteLogPart> {
      const key = keys.siteLog(alias);
      const found =
        after === undefined || !POSITION.test(after)
          ? (await redis.driver.xrevrange(key, '+', '-', 'COUNT', limit)).toReversed()
          : await redis.driver.xrange(key, `(${after}`, '+', 'COUNT', limit);
      const entries = found.map(([, fields]) => JSON.parse(fields[1] ?? '{}') as SiteLogEntry);
      return { entries, position: found.at(-1)?.[0] ?? after ?? '0-0' };
    },
    /** Writes what is left. */
    async close(): Promise<void> {
      clearTimeout(timer);
      if (pending.length > 0) await write();
    },
  };
}
