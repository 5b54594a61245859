import { isoTime } from '@switchyard/predict';
import type { Created, ShownPrediction } from '@switchyard/predict';
import { PlatformError } from '@switchyard/kernel';
import type { PredictionName, PredictionRow } from '@switchyard/store';
import { followRow } from './follow-row.ts';
import type { PredictionParts } from './prediction-parts.ts';
import { isOver } from './prediction-view.ts';
import type { RunningPredictions } from './running-predictions.ts';

/** Predictions that have a row, wherever they run: looked at, followed, canceled. */
export class KnownPredictions {
  readonly #parts: PredictionParts;
  readonly #running: RunningPredictions;

  constructor(parts: PredictionParts, running: RunningPredictions) {
    this.#parts = parts;
    this.#running = running;
  }

  async find(name: PredictionName, withEvents: boolean): Promise<ShownPrediction | undefined> {
    const here = this.#running.get(name);
    if (here !== undefined) return here.mirror;
    const row = await this.#parts.rows.find(name);
    return row === undefined ? undefined : this.follow(name, row, withEvents);
  }

  follow(name: PredictionName, row: PredictionRow, withEvents: boolean): Promise<ShownPrediction> {
    const { rows, log, config } = this.#parts;
    const follow = { rows, log, maxReplayCharacters: config.predictionEvents };
    return followRow(follow, name, row, withEvents);
  }

  /** False: there is none that could be canceled. */
  async cancel(name: PredictionName): Promise<boolean> {
    const { rows, now } = this.#parts;
    const row = await rows.cancel(name, isoTime(now()));
    if (row === undefined) return false;
    this.#running.get(name)?.prediction.cancel();
    if (isOver(row)) await this.#parts.tellEndOf(row);
    return true;
  }

  /** The row of a new one was not made: one of this name is there, or this user has too many (RATE_LIMITED). */
  async instead(name: PredictionName): Promise<Created> {
    const prediction = await this.find(name, true);
    if (prediction === undefined)
      throw PlatformError.of('RATE_LIMITED', 'Too many predictions of yours wait or run.', {
        retryAfterSec: 5,
      });
    return { prediction, isNew: false };
  }
}
