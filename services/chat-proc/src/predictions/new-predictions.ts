import { ApiError } from '@switchyard/predict';
import type { Created, TraceHeaders } from '@switchyard/predict';
import type { BundleHold } from '@switchyard/registry';
import type { NewPrediction } from '@switchyard/store';
import type { KnownPredictions } from './known-predictions.ts';
import { NOTHING_HELD, makeRecorded } from './make-recorded.ts';
import type { NamedRequest, PredictionCaller } from './make-recorded.ts';
import type { PredictionParts } from './prediction-parts.ts';
import type { PredictionPlaces } from './prediction-places.ts';
import { keyOf } from './running-predictions.ts';
import type { RunningPredictions } from './running-predictions.ts';

export interface NewPredictionParts {
  readonly parts: PredictionParts;
  readonly places: PredictionPlaces;
  readonly running: RunningPredictions;
  readonly known: KnownPredictions;
}

/** Makes predictions: the row first, so that whoever is told of one finds it. */
export class NewPredictions {
  readonly #parts: PredictionParts;
  readonly #places: PredictionPlaces;
  readonly #running: RunningPredictions;
  readonly #known: KnownPredictions;
  /** Rows that are being made here. */
  readonly #inserting = new Map<string, Promise<void>>();

  constructor({ parts, places, running, known }: NewPredictionParts) {
    this.#parts = parts;
    this.#places = places;
    this.#running = running;
    this.#known = known;
  }

  /** One that runs here, for a caller who waits. The version is given back by its run; by whoever asked where this rejects. */
  async begin(
    caller: PredictionCaller,
    request: NamedRequest,
    hold: BundleHold,
    trace: TraceHeaders,
  ): Promise<Created> {
    const made = makeRecorded(this.#parts.now, caller, request, hold, trace);
    const leaving = new AbortController();
    let placed: Promise<void>;
    try {
      placed = request.mayWait
        ? this.#places.takeOrWait(hold, leaving.signal)
        : Promise.resolve(this.#places.take(hold));
    } catch (error) {
      // Sent twice at once: whoever was first has the place, and this one its snapshot.
      await this.#inserting.get(keyOf(made.name));
      const prediction = await this.#known.find(made.name, true);
      if (prediction === undefined) throw error;
      hold.release();
      return { prediction, isNew: false };
    }
    // It may be refused while its row is written; whoever runs it hears of it.
    placed.catch(() => undefined);
    const release = () => this.#places.release(hold);
    let fence: string | undefined;
    try {
      fence = await this.#hold(made.row);
      if (fence === undefined) {
        const known = await this.#known.instead(made.name);
        hold.release();
        giveBack(placed, release, leaving);
        return known;
      }
    } catch (error) {
      giveBack(placed, release, leaving);
      throw error;
    }
    const running = this.#running.run({ ...made, fence, hold, placed, release });
    running.prediction.signal.addEventListener('abort', () => leaving.abort(), { once: true });
    return { prediction: running.mirror, isNew: true };
  }

  /** What cannot run is a prediction all the same: found by its id, told by its webhook. */
  async beginFailed(
    caller: PredictionCaller,
    request: NamedRequest,
    error: string,
    trace: TraceHeaders,
  ): Promise<Created> {
    const hold = NOTHING_HELD;
    const made = makeRecorded(this.#parts.now, caller, request, hold, trace);
    const fence = await this.#hold(made.row);
    if (fence === undefined) return this.#known.instead(made.name);
    const placed = Promise.reject(new Error(error));
    placed.catch(() => undefined);
    const running = this.#running.run({ ...made, fence, hold, placed, release: () => undefined });
    return { prediction: running.mirror, isNew: true };
  }

  /** One that waits for whichever worker starts it first. Gives the version back. */
  async enqueue(
    caller: PredictionCaller,
    request: NamedRequest,
    hold: BundleHold,
    trace: TraceHeaders,
  ): Promise<Created> {
    const { config, rows, seal } = this.#parts;
    const made = makeRecorded(this.#parts.now, caller, request, hold, trace);
    hold.release();
    const waiting = { ...made.row, sealed: seal.seal(made.name, made.request), held: undefined };
    if ((await rows.insert(waiting, config.predictionMaxOpen)) === 'taken')
      return this.#known.instead(made.name);
    const row = await rows.find(made.name);
    if (row === undefined) throw new ApiError(404, 'not found');
    await this.#parts.addJob(row);
    return { prediction: await this.#known.follow(made.name, row, false), isNew: true };
  }

  /** Makes the row, held by this worker. Answers its fence; undefined: the row was not made. */
  async #hold(row: Omit<NewPrediction, 'sealed' | 'held'>): Promise<string | undefined> {
    const { config, makeFence, rows } = this.#parts;
    const fence = makeFence();
    const held = { fence, leaseMs: config.predictionLease };
    const inserting = rows.insert({ ...row, sealed: undefined, held }, config.predictionMaxOpen);
    const key = keyOf(row);
    const settled = inserting.catch(() => undefined).then(() => undefined);
    this.#inserting.set(key, settled);
    void settled.then(() => this.#inserting.get(key) === settled && this.#inserting.delete(key));
    return (await inserting) === 'taken' ? undefined : fence;
  }
}

function giveBack(placed: Promise<void>, release: () => void, leaving: AbortController): void {
  placed.then(release, () => undefined);
  leaving.abort();
}
