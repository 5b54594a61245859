import type { Clock } from '@switchyard/kernel';

// Time to refresh a token before the stream that it opened ends.
const WARN_BEFORE_MS = 30_000;
// Longest delay of a timer in Node; a token that lives longer is looked at again then.
const MAX_DELAY_MS = 2 ** 31 - 1;

/**
 * Ends a stream when its token runs out (07): `auth.expiring` half a minute before, then the end; the client comes back with a
 * new token or gets 401. Returns how to stop watching.
 */
export function watchExpiry(
  expiresAt: number | undefined,
  clock: Clock,
  warn: (frame: { event: string; data: string }) => void,
  end: () => void,
): () => void {
  if (expiresAt === undefined) return () => undefined;
  const timers = new Set<NodeJS.Timeout>();
  const at = (time: number, run: () => void) => {
    const timer = setTimeout(
      () => {
        timers.delete(timer);
        if (clock.now() < time) at(time, run);
        else run();
      },
      Math.min(Math.max(0, time - clock.now()), MAX_DELAY_MS),
    );
    timer.unref();
    timers.add(timer);
  };
  at(expiresAt - WARN_BEFORE_MS, () =>
    warn({
      event: 'chat_service',
      data: JSON.stringify({ type: 'auth.expiring', ts: clock.now(), data: { expires_at: expiresAt } }),
    }),
  );
  at(expiresAt, end);
  return () => {
    for (const timer of timers) clearTimeout(timer);
    timers.clear();
  };
}
