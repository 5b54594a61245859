import { sleep } from '@switchyard/kernel';
import type { Prediction, PredictionEvent, PredictionView } from '@switchyard/predict';
import type { PredictionName, PredictionProgress, PredictionRows } from '@switchyard/store';
import type { Log } from '@switchyard/telemetry';
import type { MirroredPrediction } from './mirrored-prediction.ts';

export interface RecordedName {
  readonly name: PredictionName;
  readonly fence: string;
  /** Of an attempt before this one. */
  readonly former?: { readonly lastEvent: number };
}

export interface RecordParts {
  readonly rows: Pick<PredictionRows, 'save'>;
  readonly log: Log;
  readonly leaseMs: number;
  /** Of all events that are kept. */
  readonly maxEventCharacters: number;
  monotonic(): number;
}

/** Between two saves of one that says something; without news a lease is renewed. */
const SAVE_EVERY_MS = 400;
/** Of a lease, what this worker uses before it ends its own run: others say that it has failed only after the rest. */
const OWN_SHARE = 0.8;

/**
 * Writes a prediction that runs here into its row until it is over, and tells its clients of its end when the row has it. Whoever canceled
 * it elsewhere is heard at a save. A row that is not this worker's any more ends the run; what its clients hear then is whoever calls' to say. Never rejects.
 */
export async function recordPrediction(
  prediction: Prediction,
  mirror: MirroredPrediction,
  { name, fence, former }: RecordedName,
  parts: RecordParts,
): Promise<PredictionView | undefined> {
  const news = collectNews(prediction, mirror, {
    afterEvent: former?.lastEvent ?? 0,
    maxCharacters: parts.maxEventCharacters,
  });
  let confirmedAt = parts.monotonic();
  let savedAt = confirmedAt;
  for (;;) {
    const view = prediction.view();
    const events = news.take();
    const sentAt = parts.monotonic();
    try {
      const saved = await parts.rows.save(name, fence, progressOf(view, events), parts.leaseMs);
      if (saved === undefined) return lost(prediction);
      if (saved.cancel_requested) prediction.cancel();
      confirmedAt = savedAt = sentAt;
      if (view.completed_at !== null) {
        mirror.end(view);
        return view;
      }
    } catch (error) {
      news.giveBack(events);
      parts.log.warn('a prediction could not be saved', { prediction_id: name.predictionId, error });
      if (parts.monotonic() - confirmedAt > parts.leaseMs * OWN_SHARE) return lost(prediction);
    }
    await news.come(SAVE_EVERY_MS, savedAt + parts.leaseMs / 5 - parts.monotonic());
  }
}

function lost(prediction: Prediction): undefined {
  prediction.cancel();
  return undefined;
}

function progressOf(view: PredictionView, events: readonly PredictionEvent[]): PredictionProgress {
  return {
    status: view.status,
    input: view.input,
    output: view.output,
    error: view.error,
    logs: view.logs,
    metrics: view.metrics,
    shownStartedAt: view.started_at,
    shownEndedAt: view.completed_at,
    events,
  };
}

function collectNews(
  prediction: Prediction,
  mirror: MirroredPrediction,
  { afterEvent, maxCharacters }: { readonly afterEvent: number; readonly maxCharacters: number },
) {
  let waiting: PredictionEvent[] = [];
  let characters = 0;
  let wake: () => void = () => undefined;
  const take = (event: PredictionEvent): void => {
    characters += event.data.length;
    // The last one has all that the others said.
    if (characters <= maxCharacters || event.kind === 'completed') waiting.push(event);
    if (event.kind !== 'completed') mirror.tell(event);
    wake();
  };
  for (const event of prediction.replay.after(afterEvent) ?? []) take(event);
  prediction.listen(take);
  return {
    take(): PredictionEvent[] {
      const taken = waiting;
      waiting = [];
      return taken;
    },
    giveBack(events: readonly PredictionEvent[]): void {
      waiting = [...events, ...waiting];
    },
    /** Resolves when there is something to save, but not before `gapMs`; at its end at once; without news after `idleMs`. */
    async come(gapMs: number, idleMs: number): Promise<void> {
      const ended = new AbortController();
      void prediction.finished.then(() => ended.abort());
      await sleep(gapMs, ended.signal).catch(() => undefined);
      if (waiting.length > 0 || prediction.isFinished) return;
      const idle = new AbortController();
      const woken = new Promise<void>((resolve) => (wake = resolve));
      await Promise.race([woken, sleep(Math.max(0, idleMs), idle.signal).catch(() => undefined)]);
      idle.abort();
    },
  };
}
