import type { PlaceLine } from '@switchyard/kernel';
import { isoTime } from './iso-time.ts';
import type { OutputFilesParts } from './files/output-files.ts';
import type { Outbound } from './files/outbound.ts';
import { KeptPredictions } from './kept-predictions.ts';
import { maskSecrets, maskTexts } from './input-schema.ts';
import { readInput } from './prediction-request.ts';
import type { PredictConfig } from './predict-config.ts';
import { makePredictionId } from './prediction-id.ts';
import { createPredictionLine } from './prediction-line.ts';
import { readContext } from './prediction-request.ts';
import type { PredictionRequest } from './prediction-request.ts';
import type { JsonObject } from './prediction-view.ts';
import { Prediction } from './prediction.ts';
import type { Created, PredictionBook, TraceHeaders } from './prediction-book.ts';
import type { PredictorClaim, PredictorSource } from './predictor-source.ts';
import { runPrediction } from './run-prediction.ts';
import { feedWebhook } from './webhooks/webhook-feed.ts';
import type { WebhookSender } from './webhooks/webhook-sender.ts';

export interface PredictionsParts {
  readonly config: PredictConfig;
  readonly outbound: Outbound;
  readonly webhooks: WebhookSender;
  /** A folder of this process for files of inputs. */
  readonly folder: string;
  /** Milliseconds since the epoch, with a fraction; and milliseconds that only grow. */
  now(): number;
  monotonic(): number;
  randomBytes(size: number): Uint8Array;
}

/**
 * All predictions of one server: makes them, runs them within the server's places, delivers their webhooks, keeps them for a while.
 * A place is free before the prediction's end is told to anybody.
 */
export class Predictions implements PredictionBook {
  readonly #parts: PredictionsParts;
  readonly #places: PlaceLine;
  readonly #kept: KeptPredictions;
  readonly #deliveries = new Set<Promise<void>>();
  readonly #goingAway = new AbortController();
  #isDraining = false;
  #ownPlaces: () => number = () => Number.POSITIVE_INFINITY;

  constructor(parts: PredictionsParts) {
    this.#parts = parts;
    this.#places = createPredictionLine({ ...parts.config, places: () => this.places });
    this.#kept = new KeptPredictions(parts.config, parts.monotonic);
  }

  get isDraining(): boolean {
    return this.#isDraining;
  }

  get running(): number {
    return this.#places.taken;
  }

  get places(): number {
    return Math.min(this.#parts.config.maxConcurrency, this.#ownPlaces());
  }

  get isFull(): boolean {
    return this.#places.taken >= this.places;
  }

  /** What the predictor itself can take, beside the server's own number. */
  limitPlaces(own: () => number): void {
    this.#ownPlaces = own;
  }

  find(id: string): Prediction | undefined {
    return this.#kept.find(id);
  }

  /** Takes a place and begins. Throws ApiError where it may not; nothing was made then. */
  create(
    request: PredictionRequest,
    source: PredictorSource,
    { trace }: { readonly trace: TraceHeaders },
  ): Created {
    const { config, now, randomBytes } = this.#parts;
    const context = readContext(request.context);
    const input = readInput(request.input, source.schemas);
    const id = request.id ?? makePredictionId(Math.floor(now()), randomBytes);
    const known = this.#kept.find(id);
    if (known !== undefined) return { prediction: known, isNew: false };
    // The prediction exists from here on: what waits for a place can be canceled.
    const prediction = new Prediction({
      id,
      input:
        source.schemas === undefined ? (maskTexts(input) as JsonObject) : maskSecrets(source.schemas, input),
      createdAt: request.createdAt ?? isoTime(now()),
      maxLogCharacters: config.maxLogCharacters,
      maxReplayBytes: config.maxReplayCharacters,
      now,
    });
    const claim = source.claim(request.mayWait);
    const placed = this.#place(prediction, request.mayWait, claim);
    this.#kept.add(prediction);
    void prediction.finished.then((view) => this.#kept.finish(prediction, view));
    if (request.webhook !== undefined) this.#deliver(prediction, request.webhook, request, trace);
    void runPrediction(prediction, {
      config,
      input,
      context,
      claim,
      secrets: source.secrets ?? [],
      placed,
      release: () => this.#places.release(),
      outputFilePrefix: request.outputFilePrefix,
      outputs: this.#outputs(),
      inputs: { ...config, outbound: this.#parts.outbound, folder: this.#parts.folder },
    });
    return { prediction, isNew: true };
  }

  cancel(id: string): boolean {
    return this.find(id)?.cancel() === true;
  }

  /** From here on nothing new is taken. Resolves when all is over and delivered, or at the limit, when what still runs has failed. */
  async drain(graceMs: number): Promise<void> {
    this.#isDraining = true;
    const running = () => [...this.#kept.running.values()];
    await within(Promise.all(running().map(({ finished }) => finished)), graceMs);
    for (const prediction of running())
      prediction.finish({
        status: 'failed',
        error: 'server shutting down: the prediction did not end in time',
      });
    await within(Promise.all(this.#deliveries), this.#parts.config.webhookMs);
    this.#goingAway.abort();
    await within(Promise.all(this.#deliveries), this.#parts.config.webhookMs);
  }

  /** Throws where there is neither a place nor a wait for one; the claim is given back then. */
  #place({ signal }: Prediction, mayWait: boolean, claim: PredictorClaim): Promise<void> {
    try {
      if (mayWait) return this.#places.takeOrWait(signal);
      this.#places.take();
      return Promise.resolve();
    } catch (error) {
      claim.release();
      throw error;
    }
  }

  #outputs(): OutputFilesParts {
    const { config, outbound } = this.#parts;
    const { transferMs, uploadUrl, webhookToken } = config;
    return { outbound, transferMs, uploadUrl, uploadToken: webhookToken };
  }

  #deliver(
    prediction: Prediction,
    url: string,
    { events }: Pick<PredictionRequest, 'events'>,
    headers: TraceHeaders,
  ): void {
    const { webhooks, config } = this.#parts;
    const signal = this.#goingAway.signal;
    const delivery = feedWebhook(prediction, {
      events,
      everyMs: config.webhookEveryMs,
      send: (view) => webhooks.sendOnce({ url, view, headers, signal }),
      sendLast: (view) => webhooks.sendUntilTaken({ url, view, headers, signal }),
    });
    this.#deliveries.add(delivery);
    void delivery.finally(() => this.#deliveries.delete(delivery));
  }
}

async function within(work: Promise<unknown>, limitMs: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, limitMs);
  await Promise.race([work, promise]);
  clearTimeout(timer);
}
