import type { Clock } from '@switchyard/kernel';

/** A stream as its token's life sees it. */
export interface Expiring {
  /** Epoch milliseconds; a caller without a token has none. */
  readonly expiresAt: number | undefined;
  warn(frame: { event: string; data: string }): void;
  end(): void;
}

export interface ExpiryWatch {
  /** Returns nothing to keep: give the same stream to `forget`. */
  watch(stream: Expiring): void;
  forget(stream: Expiring): void;
  readonly count: number;
}

// Time to refresh a token before the stream that it opened ends.
const WARN_BEFORE_MS = 30_000;
const LOOK_EVERY_MS = 1000;

/**
 * Ends streams when their tokens run out (07), a second later at most: `auth.expiring` half a minute before, then the end; the client
 * comes back with a new token or gets 401. One timer for all of them, which is there while streams are.
 */
export function createExpiryWatch(clock: Clock): ExpiryWatch {
  const unwarned = new Set<Expiring>();
  const warned = new Set<Expiring>();
  let timer: NodeJS.Timeout | undefined;
  const look = (): void => {
    const now = clock.now();
    for (const stream of unwarned) {
      const expiresAt = stream.expiresAt ?? Infinity;
      if (now < expiresAt - WARN_BEFORE_MS) continue;
      unwarned.delete(stream);
      warned.add(stream);
      const data = JSON.stringify({ type: 'auth.expiring', ts: now, data: { expires_at: expiresAt } });
      stream.warn({ event: 'chat_service', data });
    }
    for (const stream of warned) if (now >= (stream.expiresAt ?? Infinity)) stream.end();
  };
  return {
    watch(stream) {
      if (stream.expiresAt === undefined) return;
      unwarned.add(stream);
      timer ??= setInterval(look, LOOK_EVERY_MS).unref();
    },
    forget(stream) {
      unwarned.delete(stream);
      warned.delete(stream);
      if (unwarned.size + warned.size > 0) return;
      clearInterval(timer);
      timer = undefined;
    },
    get count() {
      return unwarned.size + warned.size;
    },
  };
}
