import { useEffect, useState } from 'react';
import { usePage } from '../app/page-context.tsx';
import { useCell } from '../app/state-cell.ts';
import { texts } from '../texts.ts';

/** A reconnect that takes less than this is nobody's business, ms. */
const PATIENCE_MS = 2_000;

/** Says that the connection is gone only when it stays gone. */
export function ConnectionNote() {
  const state = useCell(usePage().connection);
  const isDown = state.status === 'reconnecting' || state.status === 'connecting';
  const { since } = state;
  const [longSince, setLongSince] = useState<number>();
  useEffect(() => {
    if (!isDown) return undefined;
    const timer = setTimeout(() => setLongSince(since), Math.max(0, since + PATIENCE_MS - Date.now()));
    return () => clearTimeout(timer);
  }, [isDown, since]);
  const isLong = longSince === since;
  const words =
    state.status === 'failed'
      ? texts.connection.failed
      : isDown && isLong
        ? texts.connection.reconnecting
        : undefined;
  return (
    <div role="status">
      {words !== undefined && (
        <p className="mb-2 flex animate-[rise_160ms_ease-out] items-center gap-2.5 rounded-md bg-run-soft px-3.5 py-2 text-sm">
          <span
            className="signal"
            data-tone={state.status === 'failed' ? 'stop' : 'run'}
            aria-hidden="true"
          />
          {words}
        </p>
      )}
    </div>
  );
}
