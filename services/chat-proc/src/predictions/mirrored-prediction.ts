import { ReplayLog } from '@switchyard/predict';
import type { PredictionEvent, PredictionView, ShownPrediction } from '@switchyard/predict';

export interface MirrorParts {
  readonly id: string;
  readonly maxReplayCharacters: number;
  /** As it stands now; not asked any more after `end`. */
  view(): PredictionView;
  cancel(): boolean;
  /** Somebody listens; the answer says that nobody does any more. */
  onListen?(): () => void;
}

/**
 * A prediction as clients of this worker see it: one that runs here, whose end they hear of when it is in its row, or one that is followed
 * by its row.
 */
export class MirroredPrediction implements ShownPrediction {
  readonly id: string;
  readonly finished: Promise<PredictionView>;
  readonly replay: ReplayLog;
  readonly #parts: MirrorParts;
  readonly #listeners = new Set<(event: PredictionEvent) => void>();
  readonly #resolve: (view: PredictionView) => void;
  #last: PredictionView | undefined;
  #stopListening: (() => void) | undefined;

  constructor(parts: MirrorParts) {
    this.id = parts.id;
    this.#parts = parts;
    this.replay = new ReplayLog(parts.maxReplayCharacters);
    ({ promise: this.finished, resolve: this.#resolve } = Promise.withResolvers<PredictionView>());
  }

  get isFinished(): boolean {
    return this.#last !== undefined;
  }

  view(): PredictionView {
    return this.#last ?? this.#parts.view();
  }

  cancel(): boolean {
    return !this.isFinished && this.#parts.cancel();
  }

  listen(listener: (event: PredictionEvent) => void): () => void {
    this.#listeners.add(listener);
    this.#stopListening ??= this.#parts.onListen?.();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      this.#stopListening?.();
      this.#stopListening = undefined;
    };
  }

  /** In the order of their ids; one that is known already is left out. */
  tell(event: PredictionEvent): void {
    if (this.isFinished || event.id <= this.replay.lastId) return;
    this.replay.add(event);
    for (const listener of this.#listeners) listener(event);
  }

  /** Counts once. `completed`, where nobody has told it yet, is made of the view. */
  end(view: PredictionView): void {
    if (this.isFinished) return;
    const last = this.replay.after(this.replay.lastId - 1)?.at(-1);
    if (last?.kind !== 'completed')
      this.replay.add({ id: this.replay.lastId + 1, kind: 'completed', data: JSON.stringify(view) });
    this.#last = view;
    const completed = this.replay.after(this.replay.lastId - 1)?.at(-1);
    if (completed !== undefined) for (const listener of this.#listeners) listener(completed);
    this.#resolve(view);
  }
}
