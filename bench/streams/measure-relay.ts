import type { EmitOrder } from './emit-loop.ts';
import { createTokenLedger } from './token-ledger.ts';
import type { Tally, TokenLedger } from './token-ledger.ts';
import type { StreamSide } from './sides.ts';
import type { OnMessage } from './token-message.ts';

export interface Relayed extends Tally {
  readonly sentEach: number;
  readonly servingCpuMs: number;
}

const WAIT_MS = 60_000;

/** Says so many tokens and waits until every reader has all of them, a minute at most; counts, and what serving them cost. */
export async function measureRelay(
  side: StreamSide,
  order: EmitOrder,
  readers: number,
  useLedger: (ledger: TokenLedger) => void,
): Promise<Relayed> {
  if (side.emitting === undefined) throw new Error(`${side.name} emits nothing`);
  const ledger = createTokenLedger();
  useLedger(ledger);
  const before = await side.serving.usage();
  const { sent } = (await side.emitting.ask(order)) as { sent: number };
  const until = performance.now() + WAIT_MS;
  while (ledger.complete(sent) < readers && performance.now() < until)
    await new Promise((resolve) => setTimeout(resolve, 20));
  const after = await side.serving.usage();
  return { ...ledger.tally(sent, readers), sentEach: sent, servingCpuMs: after.cpuMs - before.cpuMs };
}

/** Gives a reader's deltas to the ledger of the round that is under way. */
export const toLedger =
  (current: () => TokenLedger | undefined, reader: number): OnMessage =>
  (event, body) => {
    if (event === 'chat_delta' && body.text !== undefined) current()?.take(reader, body.text);
  };
