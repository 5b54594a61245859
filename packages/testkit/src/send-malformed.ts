import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Malformable } from './malformed-requests.ts';
import { sendRaw } from './raw-request.ts';
import type { RawAnswer, SendLimits } from './raw-request.ts';

export interface MalformedRun extends Malformable {
  /** Where the service listens. It must run in this process: its memory is looked at, and what it throws fails the run. */
  readonly port: number;
  readonly count: number;
  /** The same requests every time; another one finds others. */
  readonly seed: number;
  /** A client to whom nothing was said for as long ends its side. Without it the service's own limits must end each connection. */
  readonly quietMs?: number;
}

export interface MalformedOutcome {
  /** Answers of 500 and more, and connections without an end; the run stops after the batch with the first of them. */
  readonly wrong: readonly { request: string; answer: string }[];
  /** How often each status came. */
  readonly seen: ReadonlyMap<number, number>;
  /** Memory of this process from the beginning to the end. */
  readonly grownBytes: number;
  /** What is kept in its heap from the first batch to the last. */
  readonly keptBytes: number;
  /** What is worth to be written down of a long run; memory at the beginning, after the first batch, at most and at the end. */
  readonly figures: {
    aSecond: number;
    statuses: Record<string, number>;
    rssMiB: number[];
    heapMiB: number[];
  };
}

const AT_ONCE = 100;
const BATCH = 3000;
/** Far more than any limit of a service that a run waits for, also on a machine that is busy. */
const END_MS = 60_000;
/** One client of so many is gone again after so long, with a reset: somewhere between its last byte and its answer. */
const GOING = { oneOf: 8, afterMs: 5 };
const MIB = 1024 * 1024;

interface Size {
  readonly rss: number;
  readonly heap: number;
}

/** Of what is left after a collection: without one it is the machine's room that is measured. */
const createSizes = (): (() => Size) => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  return () => {
    collect();
    const { rss, heapUsed } = process.memoryUsage();
    return { rss, heap: heapUsed };
  };
};

/** Sends malformed requests over connections of their own, and says what was answered as nothing malformed may be. */
export async function sendMalformed(run: MalformedRun): Promise<MalformedOutcome> {
  const seen = new Map<number, number>();
  const wrong: { request: string; answer: string }[] = [];
  const startedAt = performance.now();
  const measure = createSizes();
  const sizes = [measure()];
  let sent = 0;
  const judge = (request: Buffer, answer: RawAnswer): void => {
    sent += 1;
    for (const status of answer.statuses) seen.set(status, (seen.get(status) ?? 0) + 1);
    if (answer.isEnded && answer.statuses.every((status) => status < 500)) return;
    const said = answer.isEnded ? answer.text : `no end: ${answer.text}`;
    wrong.push({ request: request.toString('latin1').slice(0, 2000), answer: said.slice(0, 1000) });
  };
  const limitsOf = (index: number): SendLimits => ({
    quietMs: run.quietMs,
    endMs: END_MS,
    resetMs: index % GOING.oneOf === 0 ? GOING.afterMs : undefined,
  });
  // Here, so that only who sends them pays for loading fast-check.
  const { malformedBatches } = await import('./malformed-requests.ts');
  for (const batch of malformedBatches(run, { ...run, size: BATCH })) {
    const next = async (): Promise<void> => {
      for (let bytes = batch.pop(); bytes !== undefined; bytes = batch.pop())
        judge(bytes, await sendRaw(run.port, bytes, limitsOf(batch.length)));
    };
    await Promise.all(Array.from({ length: AT_ONCE }, next));
    sizes.push(measure());
    if (wrong.length > 0) break;
  }
  const series = { rss: sizes.map(({ rss }) => rss), heap: sizes.map(({ heap }) => heap) };
  return {
    wrong,
    seen,
    grownBytes: (series.rss.at(-1) ?? 0) - (series.rss[0] ?? 0),
    keptBytes: (series.heap.at(-1) ?? 0) - (series.heap[1] ?? 0),
    figures: {
      aSecond: Math.round((sent * 1000) / (performance.now() - startedAt)),
      statuses: Object.fromEntries([...seen].toSorted(([a], [b]) => a - b)),
      rssMiB: summary(series.rss),
      heapMiB: summary(series.heap),
    },
  };
}

const summary = (bytes: readonly number[]): number[] =>
  [bytes[0] ?? 0, bytes[1] ?? 0, Math.max(...bytes), bytes.at(-1) ?? 0].map((one) => Math.round(one / MIB));
