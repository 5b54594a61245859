import type { Request, Response } from 'express';
import { SseConnection, lastEventIdOf } from '@switchyard/http';
import type { ShownPrediction } from '../prediction-book.ts';
import type { PredictionEvent } from '../prediction-view.ts';

/**
 * A prediction as a stream of events, from its start or from the event that the client says it has. Where the events no longer reach
 * back so far, the first is a `start` with all so far. Ends after `completed`. A slow client waits for itself alone.
 */
export async function streamPrediction(
  req: Request,
  res: Response,
  prediction: ShownPrediction,
  cancelsOnLeave = false,
): Promise<void> {
  const { replay } = prediction;
  const stream = new SseConnection(res);
  let wake: () => void = () => undefined;
  const stop = prediction.listen(() => wake());
  stream.signal.addEventListener('abort', () => wake(), { once: true });
  let sent = Number(lastEventIdOf(req, req.query) ?? 0);
  if (!Number.isSafeInteger(sent) || sent < 0) sent = 0;
  try {
    while (stream.closeReason === undefined) {
      const events = replay.after(sent) ?? snapshotOf(prediction);
      for (const event of events) {
        if (!(await stream.send({ id: String(event.id), event: event.kind, data: event.data }))) break;
        sent = event.id;
        if (event.kind === 'completed') stream.close();
      }
      // Nothing happened between the look and this line: both are in one step.
      if (prediction.isFinished && sent >= replay.lastId) break;
      if (sent < replay.lastId || stream.closeReason !== undefined) continue;
      await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    stop();
    if (cancelsOnLeave && stream.closeReason === 'client_gone') prediction.cancel();
    stream.close();
  }
}

function snapshotOf(prediction: ShownPrediction): PredictionEvent[] {
  const { replay, isFinished } = prediction;
  const data = JSON.stringify(prediction.view());
  // Everything up to the last event is in it; the end is always told by itself.
  const last = isFinished ? replay.after(replay.lastId - 1) : undefined;
  return [{ id: isFinished ? replay.lastId - 1 : replay.lastId, kind: 'start', data }, ...(last ?? [])];
}
