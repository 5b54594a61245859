import { fileURLToPath } from 'node:url';
import { PlatformError, failpoint } from '@switchyard/kernel';
import type { LogEntry } from '@switchyard/protocol';
import { loadScripts } from '@switchyard/redis';
import type { Keys, RedisConnection } from '@switchyard/redis';
import type { LogView } from './decide-join.ts';
import { readStreamEntry } from './log-entry.ts';
import { compareLogIds, formatLogId } from './log-id.ts';
import { readSnapshot } from './snapshot.ts';
import type { Snapshot } from './snapshot.ts';

/** A platform event outside a running turn. */
export type NewEntry = Pick<LogEntry, 'event' | 'streamId' | 'conversationId' | 'turnId' | 'data'> & {
  sessionId: string;
};

/** A session's event log as relay reads it. Every method is one round trip. */
export interface EventLog {
  view(sessionId: string): Promise<LogView>;
  /** Entries after `after`, oldest first, and a position of now: when there are none, everything up to it has been seen. */
  readAfter(sessionId: string, after: string, count: number): Promise<{ entries: LogEntry[]; now: string }>;
  /** Entries after `after` up to and with `upTo`. */
  readBetween(sessionId: string, after: string, upTo: string, count: number): Promise<LogEntry[]>;
  /** `turn_id -> log id of its chat_start`. */
  runningTurns(sessionId: string): Promise<Map<string, string>>;
  snapshots(turnIds: readonly string[]): Promise<(Snapshot | undefined)[]>;
  /** Throws UNAVAILABLE while the data belongs to another Redis than the one that answers. */
  append(entry: NewEntry): Promise<string>;
}

// A position of now is set back by this much, so that a small step of the server's clock cannot put an event before it.
const CLOCK_MARGIN_MICROSECONDS = 5_000_000;

type Reply = [error: Error | null, result: unknown][] | null;
type RawEntry = [id: string, fields: string[]];

export function createEventLog(redis: RedisConnection, keys: Keys): EventLog {
  const append = loadScripts(fileURLToPath(new URL('scripts/', import.meta.url))).define(
    'append',
    (reply) => reply as [number, string],
  );
  return {
    async view(sessionId) {
      const key = keys.events(sessionId);
      const pipeline = redis.driver.pipeline().time().hget(keys.epoch(), 'n');
      const [time, epoch, first, last] = results(
        await pipeline.xrange(key, '-', '+', 'COUNT', 1).xrevrange(key, '+', '-', 'COUNT', 1).exec(),
      );
      const now = nowPosition(time, epoch);
      const [oldest, newest] = [toEntries(first)[0], toEntries(last)[0]];
      const position = newest !== undefined && compareLogIds(newest.logId, now) > 0 ? newest.logId : now;
      return {
        epoch: Number(epoch ?? 0),
        position,
        ...(oldest === undefined ? {} : { first: { logId: oldest.logId, prev: oldest.prev } }),
      };
    },
    async readAfter(sessionId, after, count) {
      const pipeline = redis.driver.pipeline().time().hget(keys.epoch(), 'n');
      const [time, epoch, page] = results(
        await pipeline.xrange(keys.events(sessionId), `(${after}`, '+', 'COUNT', count).exec(),
      );
      return { entries: toEntries(page), now: nowPosition(time, epoch) };
    },
    async readBetween(sessionId, after, upTo, count) {
      return toEntries(await redis.driver.xrange(keys.events(sessionId), `(${after}`, upTo, 'COUNT', count));
    },
    async runningTurns(sessionId) {
      return new Map(Object.entries(await redis.driver.hgetall(keys.runningTurns(sessionId))));
    },
    async snapshots(turnIds) {
      if (turnIds.length === 0) return [];
      const values = await redis.driver.mget(turnIds.map((turnId) => keys.snapshot(turnId)));
      return values.map((value) => (value === null ? undefined : readSnapshot(value)));
    },
    async append({ sessionId, event, streamId, conversationId, turnId, data }) {
      failpoint('relay.append.before-script');
      const [code, logId] = await append(
        { connection: redis, prefix: keys.prefix },
        {
          session_id: sessionId,
          event,
          stream_id: streamId,
          conversation_id: conversationId,
          turn_id: turnId,
          data,
        },
      );
      failpoint('relay.append.after-script');
      if (code !== 0) throw PlatformError.of('UNAVAILABLE', 'The event log is being rebuilt.');
      return logId;
    },
  };
}

function results(reply: Reply): unknown[] {
  return (reply ?? []).map(([error, result]) => {
    if (error !== null) throw error;
    return result;
  });
}

function toEntries(page: unknown): LogEntry[] {
  return Array.isArray(page) ? (page as RawEntry[]).map(([id, fields]) => readStreamEntry(id, fields)) : [];
}

/** TIME is asked before the log is read: an entry written in between has a later id and is not skipped. */
function nowPosition(time: unknown, epoch: unknown): string {
  const [seconds, microseconds] = time as [string | number, string | number];
  const seq = Number(seconds) * 1_000_000 + Number(microseconds) - CLOCK_MARGIN_MICROSECONDS;
  return formatLogId({ epoch: Number(epoch ?? 0), seq });
}
