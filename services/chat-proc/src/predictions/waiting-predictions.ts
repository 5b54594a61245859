import { ApiError } from '@switchyard/predict';
import type { JobOutcome, JobRow } from '@switchyard/jobs';
import { PlatformError } from '@switchyard/kernel';
import type { BundleHold } from '@switchyard/registry';
import { PROCEDURES } from '@switchyard/store';
import type { PredictionName, PredictionRow, WaitingRequest } from '@switchyard/store';
import { z } from 'zod';
import { SourceUnusable } from '../procedures/source-unusable.ts';
import type { PredictionParts } from './prediction-parts.ts';
import type { PredictionPlaces } from './prediction-places.ts';
import { isOver } from './prediction-view.ts';
import type { RunningPredictions } from './running-predictions.ts';
import type { StoredRequest } from './stored-request.ts';

const jobSchema = z.object({ user_id: z.string(), prediction_id: z.string() });

/** Asynchronous predictions: started by whichever worker is first, by a compare-and-set in their row. */
export class WaitingPredictions {
  readonly #parts: PredictionParts;
  readonly #places: PredictionPlaces;
  readonly #running: RunningPredictions;

  constructor(parts: PredictionParts, places: PredictionPlaces, running: RunningPredictions) {
    this.#parts = parts;
    this.#places = places;
    this.#running = running;
  }

  /** For `jobs`: one start of one of them. */
  async runJob(row: JobRow, signal: AbortSignal): Promise<JobOutcome> {
    const { user_id: userId, prediction_id: predictionId } = jobSchema.parse(row.data);
    const name = { bundleId: row.bundle_id, userId, predictionId };
    let hold: BundleHold | undefined;
    try {
      hold = await this.#holdOf(name, signal);
    } catch (error) {
      const isLater =
        error instanceof ApiError ||
        error instanceof SourceUnusable ||
        (error instanceof PlatformError && error.code === 'BUNDLE_UNAVAILABLE');
      if (isLater) return { kind: 'unavailable', error: error.message };
      throw error;
    }
    if (hold === undefined) return { kind: 'done' };
    try {
      // Before it is started: what waits can be canceled, and is another worker's when this one goes.
      await this.#places.versions.takeOrWait(hold, signal);
    } catch (error) {
      hold.release();
      if (error instanceof ApiError) return { kind: 'unavailable', error: error.message };
      throw error;
    }
    try {
      await this.#start(name, hold, signal);
    } finally {
      this.#places.versions.release(hold);
      hold.release();
    }
    return { kind: 'done' };
  }

  /** Of a bundle what serves now, of a procedure the very code of its row. Undefined: its row or its code is gone. */
  async #holdOf(name: PredictionName, signal: AbortSignal): Promise<BundleHold | undefined> {
    const { invoker, procedures, rows } = this.#parts;
    if (name.bundleId !== PROCEDURES) return invoker.hold(name.bundleId);
    if (procedures === undefined)
      throw PlatformError.of('BUNDLE_UNAVAILABLE', 'Procedures are not served here.');
    const row = await rows.find(name);
    return row === undefined || isOver(row) ? undefined : procedures.holdOf(row, { mayWait: true, signal });
  }

  async #start(name: PredictionName, hold: BundleHold, signal: AbortSignal): Promise<void> {
    const { config, makeFence, rows } = this.#parts;
    const fence = makeFence();
    const { versionId } = hold.version;
    const row = await rows.start(name, { fence, leaseMs: config.predictionLease, versionId });
    // Somebody else has it, or it is over: a hint that came twice, or late.
    if (row === undefined) return;
    const running = this.#running.run({
      name,
      fence,
      hold,
      shownInput: row.input,
      createdAt: row.shown_created_at,
      ...this.#requestOf(name, row),
      ...(row.attempt > 1 ? { former: formerOf(row) } : {}),
      release: () => undefined,
    });
    const over = new AbortController();
    const stop = async (): Promise<void> => {
      if (await running.giveBack()) return;
      running.prediction.finish({ status: 'failed', error: 'the worker that ran it was stopped' });
    };
    signal.addEventListener('abort', () => void stop(), { once: true, signal: over.signal });
    await running.recorded;
    over.abort();
  }

  /** What was asked. Of one that cannot be opened nothing, and no place: its row is this worker's to end. */
  #requestOf(name: PredictionName, row: WaitingRequest): { request: StoredRequest; placed: Promise<void> } {
    try {
      return { request: this.#parts.seal.open(name, row), placed: Promise.resolve() };
    } catch (error) {
      const placed = Promise.reject(error instanceof Error ? error : new Error(String(error)));
      placed.catch(() => undefined);
      return { request: NOTHING_ASKED, placed };
    }
  }
}

const NOTHING_ASKED: StoredRequest = {
  input: {},
  context: {},
  events: [],
  trace: {},
  user: { user_id: '', username: '', user_type: 'anonymous', roles: [] },
};

function formerOf({ logs, last_event: lastEvent, attempt, max_attempts: of }: PredictionRow) {
  return { logs, lastEvent, line: `attempt ${attempt} of ${of}: the worker of the one before is gone\n` };
}
