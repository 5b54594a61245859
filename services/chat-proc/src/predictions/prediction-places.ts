import type { PlaceLine } from '@switchyard/kernel';
import { ALREADY_RUNNING, ApiError, createPredictionLine } from '@switchyard/predict';
import type { BundleHold } from '@switchyard/registry';
import { PROCEDURES } from '@switchyard/store';
import type { ProcConfig } from '../env.ts';
import { VersionPlaces } from './version-places.ts';

/** How many predictions run at once in this worker for callers who wait: of bundles and of procedures apart, and of each version. */
export class PredictionPlaces {
  readonly #bundles: PlaceLine;
  readonly #procedures: PlaceLine;
  readonly #versions: VersionPlaces;
  readonly #waitMs: number;

  constructor(config: ProcConfig) {
    const { predictionPlaces, procedurePlaces, predictionLine, predictionWait } = config;
    const line = { maxWaiting: predictionLine, waitMs: predictionWait };
    this.#waitMs = predictionWait;
    this.#bundles = createPredictionLine({ ...line, places: () => predictionPlaces });
    this.#procedures = createPredictionLine({ ...line, places: () => procedurePlaces });
    this.#versions = new VersionPlaces({
      maxWaiting: predictionLine + config.predictionSlots,
      waitMs: config.predictionLimit,
    });
  }

  get proceduresTaken(): number {
    return this.#procedures.taken;
  }

  /** For asynchronous ones, which have slots of their own: that of the version alone. */
  get versions(): VersionPlaces {
    return this.#versions;
  }

  /** Throws ApiError 409 where none is free. */
  take(hold: BundleHold): void {
    this.#versions.take(hold);
    try {
      this.#lineOf(hold).take();
    } catch (error) {
      this.#versions.release(hold);
      throw error;
    }
  }

  /** The version's own first: who waits for it holds no place that others could use. Throws ApiError 409 where a line is full. */
  takeOrWait(hold: BundleHold, signal: AbortSignal): Promise<void> {
    const line = this.#lineOf(hold);
    if (line.isFull) throw new ApiError(409, ALREADY_RUNNING, 'the line is full');
    const late = AbortSignal.timeout(this.#waitMs);
    return this.#versions.takeOrWait(hold, AbortSignal.any([signal, late])).then(
      async () => {
        try {
          await line.takeOrWait(signal);
        } catch (error) {
          this.#versions.release(hold);
          throw error;
        }
      },
      (error: unknown) => {
        throw late.aborted && !signal.aborted
          ? new ApiError(409, ALREADY_RUNNING, 'waited for too long')
          : error;
      },
    );
  }

  release(hold: BundleHold): void {
    this.#lineOf(hold).release();
    this.#versions.release(hold);
  }

  #lineOf({ version: { bundleId } }: BundleHold): PlaceLine {
    return bundleId === PROCEDURES ? this.#procedures : this.#bundles;
  }
}
