import type { PredictionBook } from '@switchyard/predict';
import type { JobOutcome, JobRow } from '@switchyard/jobs';
import type { Deadline } from '@switchyard/kernel';
import type { BundleHold } from '@switchyard/registry';
import { SourceUnusable } from '../procedures/source-unusable.ts';
import { KnownPredictions } from './known-predictions.ts';
import { nameOf, withId } from './make-recorded.ts';
import type { NamedRequest, PredictionCaller } from './make-recorded.ts';
import { NewPredictions } from './new-predictions.ts';
import type { PredictionParts } from './prediction-parts.ts';
import { PredictionPlaces } from './prediction-places.ts';
import { RunningPredictions } from './running-predictions.ts';
import { WaitingPredictions } from './waiting-predictions.ts';

/** The version that is to run. What rejects SourceUnusable is a prediction that has failed. */
export type HoldFor = (request: NamedRequest, isDetached: boolean) => Promise<BundleHold>;

/**
 * Predictions of all bundles in this worker. A row is there before a prediction is told of. One whose caller waits runs here, held by a
 * fence from its first moment; an asynchronous one waits for whichever worker starts it first. Everything else is known by rows.
 */
export class RecordedPredictions {
  readonly #parts: PredictionParts;
  readonly #places: PredictionPlaces;
  readonly #running: RunningPredictions;
  readonly #known: KnownPredictions;
  readonly #new: NewPredictions;
  readonly #waiting: WaitingPredictions;
  #isDraining = false;

  constructor(parts: PredictionParts) {
    this.#parts = parts;
    const places = new PredictionPlaces(parts.config);
    const running = new RunningPredictions(parts);
    const known = new KnownPredictions(parts, running);
    this.#places = places;
    this.#running = running;
    this.#known = known;
    this.#new = new NewPredictions({ parts, places, running, known });
    this.#waiting = new WaitingPredictions(parts, places, running);
  }

  get running(): number {
    return this.#running.count;
  }

  /** Procedures that run here for callers who wait. */
  get proceduresTaken(): number {
    return this.#places.proceduresTaken;
  }

  /**
   * @param hold given back by what is made of it, or by the caller where nothing is
   */
  bookFor(caller: PredictionCaller, hold: HoldFor): PredictionBook {
    return {
      isDraining: this.#isDraining,
      find: (id, withEvents) => this.#known.find(nameOf(caller, id), withEvents),
      cancel: (id) => this.#known.cancel(nameOf(caller, id)),
      create: async (asked, _source, { isDetached, trace }) => {
        const request = withId(asked, this.#parts);
        let held: BundleHold;
        try {
          held = await hold(request, isDetached);
        } catch (error) {
          if (!(error instanceof SourceUnusable)) throw error;
          return this.#new.beginFailed(caller, request, error.message, trace);
        }
        try {
          return isDetached
            ? await this.#new.enqueue(caller, request, held, trace)
            : await this.#new.begin(caller, request, held, trace);
        } catch (error) {
          held.release();
          throw error;
        }
      },
    };
  }

  /** For `jobs`: one start of an asynchronous prediction. */
  runJob(row: JobRow, signal: AbortSignal): Promise<JobOutcome> {
    return this.#waiting.runJob(row, signal);
  }

  /** Nothing new; what runs may end until the deadline. Then it is given to others where they may begin it again, and has failed else. */
  async stop(deadline: Deadline): Promise<void> {
    this.#isDraining = true;
    await this.#running.stop(deadline);
  }
}
