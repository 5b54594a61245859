import { sleep } from '@switchyard/kernel';
import type { ShownPrediction } from '../prediction-book.ts';
import type { PredictionEvent, PredictionView } from '../prediction-view.ts';
import type { WebhookEvent } from '../prediction-request.ts';

export interface WebhookFeedParts {
  readonly events: readonly WebhookEvent[];
  /** Milliseconds between two deliveries that are neither the first nor the last. */
  readonly everyMs: number;
  /** Tried once; a failure is nobody's business but the log's. */
  send(view: PredictionView): Promise<void>;
  /** Tried until it is taken or given up. */
  sendLast(view: PredictionView): Promise<void>;
}

const KINDS: Readonly<Record<PredictionEvent['kind'], WebhookEvent | undefined>> = {
  start: 'start',
  output: 'output',
  log: 'logs',
  metric: undefined,
  completed: 'completed',
};

/**
 * The webhooks of one prediction, one after the other. Output and logs gather between deliveries; exactly one delivery has a terminal
 * status, and nothing follows it: what is not told by then is in it. Resolves when the last is over.
 */
export async function feedWebhook(prediction: ShownPrediction, parts: WebhookFeedParts): Promise<void> {
  const { events, everyMs } = parts;
  let isChanged = false;
  let wake: () => void = () => undefined;
  const stop = prediction.listen(({ kind }) => {
    const event = KINDS[kind];
    if (event === undefined || !events.includes(event)) return;
    isChanged = true;
    wake();
  });
  const ended = new AbortController();
  const finished = prediction.finished.then((view) => {
    ended.abort();
    wake();
    return view;
  });
  // A prediction that is over before its start was told has one delivery alone.
  if (events.includes('start') && !prediction.isFinished) await parts.send(prediction.view());
  while (!prediction.isFinished) {
    if (!isChanged) await new Promise<void>((resolve) => (wake = resolve));
    if (prediction.isFinished) break;
    isChanged = false;
    await parts.send(prediction.view());
    await sleep(everyMs, ended.signal).catch(() => undefined);
  }
  stop();
  const view = await finished;
  if (events.includes('completed')) await parts.sendLast(view);
}
