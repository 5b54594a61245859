import { PlatformError, sleep } from '@switchyard/kernel';
import type { Deadline } from '@switchyard/kernel';

/** An open event stream or socket, as shutdown and limits see it. */
export interface OpenStream {
  readonly sessionId: string;
  /** Says goodbye and ends. Safe to call twice. */
  shutDown(): void;
}

export interface OpenStreams {
  /** Takes a place; returns how to give it back. Throws RATE_LIMITED over the session's limit, DRAINING during a shutdown. */
  add(stream: OpenStream): () => void;
  /** Throws what `add` would. */
  checkRoom(sessionId: string): void;
  readonly count: number;
  readonly sessionCount: number;
  /** Who has streams open here, in the order in which they came. */
  sessions(offset: number, limit: number): { sessionId: string; streams: number }[];
  readonly isDraining: boolean;
  /** From now on nothing enters. */
  beginDrain(): void;
  /** Tells all streams, spread over `spreadMs`, so that their clients do not all come back at once. */
  shutDownAll(spreadMs: number, deadline: Deadline): Promise<void>;
}

const STEPS = 10;

export function createOpenStreams(maxPerSession: number): OpenStreams {
  /** Lists and not sets: most sessions have one stream, and a set's first table is larger than all that is kept of it. */
  const bySession = new Map<string, OpenStream[]>();
  let count = 0;
  let isDraining = false;
  function checkRoom(sessionId: string): void {
    if (isDraining) throw PlatformError.of('DRAINING');
    if ((bySession.get(sessionId)?.length ?? 0) >= maxPerSession) {
      throw PlatformError.of('RATE_LIMITED', 'This session has too many open streams.', {
        errorType: 'rate_limit.streams',
        retryAfterSec: 10,
      });
    }
  }
  function remove(stream: OpenStream): void {
    const own = bySession.get(stream.sessionId);
    const at = own?.indexOf(stream) ?? -1;
    if (own === undefined || at < 0) return;
    own.splice(at, 1);
    count -= 1;
    if (own.length === 0) bySession.delete(stream.sessionId);
  }
  return {
    checkRoom,
    add(stream) {
      checkRoom(stream.sessionId);
      const own = bySession.get(stream.sessionId);
      if (own === undefined) bySession.set(stream.sessionId, [stream]);
      else own.push(stream);
      count += 1;
      return () => remove(stream);
    },
    get count() {
      return count;
    },
    get sessionCount() {
      return bySession.size;
    },
    sessions: (offset, limit) =>
      Array.from(bySession)
        .slice(offset, offset + limit)
        .map(([sessionId, own]) => ({ sessionId, streams: own.length })),
    get isDraining() {
      return isDraining;
    },
    beginDrain() {
      isDraining = true;
    },
    async shutDownAll(spreadMs, deadline) {
      const all = [...bySession.values()].flat();
      const perStep = Math.ceil(all.length / STEPS);
      for (let at = 0; at < all.length; at += perStep) {
        for (const stream of all.slice(at, at + perStep)) stream.shutDown();
        if (at + perStep < all.length) await sleep(Math.min(spreadMs / STEPS, deadline.remainingMs()));
      }
    },
  };
}
