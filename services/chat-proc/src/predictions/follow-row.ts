import { sleep } from '@switchyard/kernel';
import type { PredictionName, PredictionRow, PredictionRows } from '@switchyard/store';
import type { Log } from '@switchyard/telemetry';
import { MirroredPrediction } from './mirrored-prediction.ts';
import { isOver, viewOf } from './prediction-view.ts';

export interface FollowParts {
  readonly rows: Pick<PredictionRows, 'find' | 'events'>;
  readonly log: Log;
  readonly maxReplayCharacters: number;
}

const LOOK_EVERY_MS = 200;
const EVENTS_AT_ONCE = 500;

/** A prediction that another worker runs, or that is over, by its row; looked at again as long as somebody listens. */
export async function followRow(
  parts: FollowParts,
  name: PredictionName,
  found: PredictionRow,
  withEvents: boolean,
): Promise<MirroredPrediction> {
  let row = found;
  const mirror = new MirroredPrediction({
    id: name.predictionId,
    maxReplayCharacters: parts.maxReplayCharacters,
    view: () => viewOf(row),
    // By its row, not by what is mirrored.
    cancel: () => false,
    onListen: () => {
      const over = new AbortController();
      void follow(over.signal);
      return () => over.abort();
    },
  });
  const look = async (): Promise<void> => {
    // The row first: what it says is over has all of its events.
    row = (await parts.rows.find(name)) ?? row;
    await tellEvents();
    if (isOver(row)) mirror.end(viewOf(row));
  };
  const tellEvents = async (): Promise<void> => {
    for (;;) {
      const events = await parts.rows.events(name, mirror.replay.lastId, EVENTS_AT_ONCE);
      for (const event of events) mirror.tell(event);
      if (events.length < EVENTS_AT_ONCE) return;
    }
  };
  const follow = async (signal: AbortSignal): Promise<void> => {
    while (!signal.aborted && !mirror.isFinished) {
      await look().catch((error: unknown) => parts.log.warn('a prediction could not be followed', { error }));
      await sleep(LOOK_EVERY_MS, signal).catch(() => undefined);
    }
  };
  if (withEvents) await tellEvents();
  if (isOver(row)) mirror.end(viewOf(row));
  return mirror;
}
