import type { Deadline } from '@switchyard/kernel';
import type { PredictionName } from '@switchyard/store';
import type { PredictionParts } from './prediction-parts.ts';
import { runRecorded } from './run-recorded.ts';
import type { RecordedRun, Running } from './run-recorded.ts';

/** At a stop, how long ends may take to be recorded. */
const END_MS = 5_000;

/** Predictions whose rows this worker holds, from their start to the end in their row. */
export class RunningPredictions {
  readonly #parts: PredictionParts;
  readonly #running = new Map<string, Running>();

  constructor(parts: PredictionParts) {
    this.#parts = parts;
  }

  get count(): number {
    return this.#running.size;
  }

  get(name: PredictionName): Running | undefined {
    return this.#running.get(keyOf(name));
  }

  run(run: RecordedRun): Running {
    const running = runRecorded(this.#parts, run);
    const key = keyOf(run.name);
    this.#running.set(key, running);
    void running.recorded.then(() => this.#running.delete(key));
    return running;
  }

  /** What runs may end until the deadline. Then it is given to others where they may begin it again, and has failed else. */
  async stop(deadline: Deadline): Promise<void> {
    await Promise.race([this.#allRecorded(), aborted(deadline.signal)]);
    const end = async ({ prediction, giveBack }: Running): Promise<void> => {
      if (await giveBack()) return;
      const error = 'server shutting down: the prediction did not end in time';
      prediction.finish({ status: 'failed', error });
    };
    const ends = Promise.all([...this.#running.values()].map(end));
    await Promise.race([ends, aborted(AbortSignal.timeout(END_MS))]);
    await Promise.race([this.#allRecorded(), aborted(AbortSignal.timeout(END_MS))]);
  }

  async #allRecorded(): Promise<void> {
    await Promise.all([...this.#running.values()].map(({ recorded }) => recorded));
  }
}

/** Of one prediction in this process. */
export function keyOf({ bundleId, userId, predictionId }: PredictionName): string {
  return JSON.stringify([bundleId, userId, predictionId]);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
