import { nowMs } from './token.ts';

/** What an emitting program is asked to do. */
export interface EmitOrder {
  /** Sessions, or rooms, that tokens go to. */
  readonly streams: readonly string[];
  readonly ratePerSecond: number;
  readonly seconds: number;
}

const TICK_MS = 5;

/**
 * Emits so many tokens a second to every stream, whatever the other end does (open loop). Streams take turns within a period, in
 * ticks of five milliseconds; a token is due at its tick. Resolves with the tokens of each stream once all were handed over.
 */
export async function runEmitLoop(
  { streams, ratePerSecond, seconds }: EmitOrder,
  emit: (stream: string, index: number, dueMs: number) => void,
): Promise<number> {
  const periodMs = 1000 / ratePerSecond;
  const ticks = Math.max(1, Math.round(periodMs / TICK_MS));
  const count = Math.round(ratePerSecond * seconds);
  const start = nowMs() + 50;
  for (let index = 0; index < count; index++) {
    for (let tick = 0; tick < ticks; tick++) {
      const due = start + index * periodMs + (tick * periodMs) / ticks;
      const wait = due - nowMs();
      // A loop that is late still lets its sockets write.
      await new Promise((resolve) => (wait > 0 ? setTimeout(resolve, wait) : setImmediate(resolve)));
      for (let at = tick; at < streams.length; at += ticks) {
        const stream = streams[at];
        if (stream !== undefined) emit(stream, index, due);
      }
    }
  }
  return count;
}

/** Serves orders of the parent, one at a time; answers with the tokens of each stream. */
export function serveEmitOrders(run: (order: EmitOrder) => Promise<number>): void {
  process.on('message', (message) => {
    if (typeof message !== 'object' || message === null || !('streams' in message)) return;
    run(message as EmitOrder).then(
      (sent) => process.send?.({ sent }),
      (error: unknown) => {
        process.stderr.write(`emitting failed: ${String(error)}\n`);
        process.exit(1);
      },
    );
  });
  process.on('disconnect', () => process.exit(0));
  process.send?.({ ready: true });
}
