import type { PlaceLine } from '@switchyard/kernel';
import { createPredictionLine } from '@switchyard/predict';
import type { BundleHold } from '@switchyard/registry';
import { DEFAULT_RUNNER_CONFIG } from '@switchyard/runner';

export interface VersionPlacesParts {
  readonly maxWaiting: number;
  readonly waitMs: number;
}

type Version = Pick<BundleHold, 'version' | 'manifest'>;

/**
 * How many predictions of one version run at once in this worker: as many as its processes take. Who waits, waits here and for as long as
 * a prediction may take: in the runner's own line a short wait ends in a failure.
 */
export class VersionPlaces {
  readonly #parts: VersionPlacesParts;
  readonly #lines = new Map<string, PlaceLine>();

  constructor(parts: VersionPlacesParts) {
    this.#parts = parts;
  }

  /** Throws ApiError 409 where none is free. */
  take(held: Version): void {
    this.#lineOf(held).take();
  }

  /** Throws ApiError 409 where the line is full; rejects it when the wait is too long, or with the signal's reason. */
  takeOrWait(held: Version, signal: AbortSignal): Promise<void> {
    return this.#lineOf(held).takeOrWait(signal);
  }

  release({ version: { versionId } }: Version): void {
    const line = this.#lines.get(versionId);
    line?.release();
    if (line !== undefined && line.taken === 0 && line.waiting === 0) this.#lines.delete(versionId);
  }

  #lineOf({ version: { versionId }, manifest: { limits } }: Version): PlaceLine {
    const known = this.#lines.get(versionId);
    if (known !== undefined) return known;
    const places = (limits.concurrency ?? DEFAULT_RUNNER_CONFIG.hostConcurrency) * (limits.instances ?? 1);
    const line = createPredictionLine({ ...this.#parts, places: () => places });
    this.#lines.set(versionId, line);
    return line;
  }
}
