import { fileURLToPath } from 'node:url';
import { PlatformError, failpoint } from '@switchyard/kernel';
import type { LogEntry } from '@switchyard/protocol';
import { loadScripts } from '@switchyard/redis';
import type { Keys, RedisConnection } from '@switchyard/redis';
import type { LogView } from './decide-join.ts';
import { readStreamEntry } from './log-entry.ts';
import { CLOCK_MARGIN_MICROSECONDS, compareLogIds, formatLogId } from './log-id.ts';
import { readRunningTurns } from './running-turns.ts';
import type { RunningNow } from './running-turns.ts';

/** A platform event outside a running turn. */
export type NewEntry = Pick<LogEntry, 'event' | 'streamId' | 'conversationId' | 'turnId' | 'data'> & {
  sessionId: string;
};

/** Entries after a position, and what proves that there are no more: all of it as of one moment. */
export interface LogPage {
  /** Oldest first. */
  entries: LogEntry[];
  /** Nothing is left after these. */
  isEnd: boolean;
  /** The log's newest entry; `undefined` for an empty log. */
  tail: Pick<LogEntry, 'logId' | 'prev'> | undefined;
  /** The server's time as a position. Its epoch is 0 while the data belongs to no Redis or to another one. */
  time: string;
  /** The same with a margin: when there are no entries, everything up to it has been seen. */
  now: string;
}

/** A session's event log as relay reads it. Every method is one round trip. */
export interface EventLog {
  view(sessionId: string): Promise<LogView>;
  /** At most `count` entries after `after`. */
  readAfter(sessionId: string, after: string, count: number): Promise<LogPage>;
  /** One entry by its id, if it is still there. */
  readOne(sessionId: string, logId: string): Promise<LogEntry | undefined>;
  /** `turn_id -> log id of its chat_start`. */
  runningTurns(sessionId: string): Promise<Map<string, string>>;
  /** Running turns and their answers as of one moment; `undefined` while the data belongs to another Redis. */
  running(sessionId: string): Promise<RunningNow | undefined>;
  /** Throws UNAVAILABLE while the data belongs to another Redis than the one that answers. */
  append(entry: NewEntry): Promise<string>;
}

type Reply = [error: Error | null, result: unknown][] | null;
type RawEntry = [id: string, fields: string[]];

export function createEventLog(redis: RedisConnection, keys: Keys): EventLog {
  const scripts = loadScripts(fileURLToPath(new URL('scripts/', import.meta.url)));
  const append = scripts.define('append', (reply) => reply as [number, string]);
  const readRunning = scripts.define('read-running', (reply) => reply as [number, ...string[]]);
  // A server that came back older has a log that ends early and still its forerunner's epoch, until somebody has made the data its own.
  const epochOf = (owner: unknown): number => {
    const [n, runId] = owner as [string | null, string | null];
    return runId !== null && runId === redis.runId() ? Number(n ?? 0) : 0;
  };
  return {
    async view(sessionId) {
      const key = keys.events(sessionId);
      const multi = redis.driver.multi().time().hmget(keys.epoch(), 'n', 'run_id');
      const [time, owner, first, last] = results(
        await multi.xrange(key, '-', '+', 'COUNT', 1).xrevrange(key, '+', '-', 'COUNT', 1).exec(),
      );
      const epoch = epochOf(owner);
      // Of the former epoch as well: ids go on growing, and the new one shows that something lies between.
      const now = positionOf(time, Number((owner as [string | null])[0] ?? 0), CLOCK_MARGIN_MICROSECONDS);
      const [oldest, newest] = [toEntries(first)[0], toEntries(last)[0]];
      const position = newest !== undefined && compareLogIds(newest.logId, now) > 0 ? newest.logId : now;
      return {
        epoch,
        position,
        time: positionOf(time, epoch, 0),
        ...(oldest === undefined ? {} : { first: { logId: oldest.logId, prev: oldest.prev } }),
      };
    },
    async readAfter(sessionId, after, count) {
      const key = keys.events(sessionId);
      const multi = redis.driver.multi().time().hmget(keys.epoch(), 'n', 'run_id');
      const [time, owner, page, last] = results(
        await multi.xrange(key, `(${after}`, '+', 'COUNT', count).xrevrange(key, '+', '-', 'COUNT', 1).exec(),
      );
      const epoch = epochOf(owner);
      const entries = toEntries(page);
      return {
        entries,
        isEnd: entries.length < count,
        tail: toEntries(last)[0],
        time: positionOf(time, epoch, 0),
        now: positionOf(time, epoch, CLOCK_MARGIN_MICROSECONDS),
      };
    },
    async readOne(sessionId, logId) {
      return toEntries(await redis.driver.xrange(keys.events(sessionId), logId, logId))[0];
    },
    async runningTurns(sessionId) {
      return new Map(Object.entries(await redis.driver.hgetall(keys.runningTurns(sessionId))));
    },
    async running(sessionId) {
      const [code, newest = '', ...fields] = await readRunning(
        { connection: redis, prefix: keys.prefix },
        { session_id: sessionId },
      );
      return code === 0 ? { newest, turns: readRunningTurns(fields) } : undefined;
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

/** The server's time as a position. Set back by a margin, a small step of the server's clock cannot put an event before it. */
function positionOf(time: unknown, epoch: number, marginMicroseconds: number): string {
  const [seconds, microseconds] = time as [string | number, string | number];
  const seq = Number(seconds) * 1_000_000 + Number(microseconds) - marginMicroseconds;
  return formatLogId({ epoch, seq });
}
