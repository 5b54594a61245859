import { BoundedLog } from './bounded-log.ts';
import { isoTime } from './iso-time.ts';
import type { JsonObject, PredictionEvent, PredictionStatus, PredictionView } from './prediction-view.ts';
import { ReplayLog } from './replay-log.ts';

export interface PredictionFacts {
  readonly id: string;
  /** As the client sent it, secrets masked. Told again when the schema is known that says which they are. */
  readonly input: JsonObject;
  readonly createdAt: string;
  readonly maxLogCharacters: number;
  readonly maxReplayBytes: number;
  /** What an attempt before this one left behind: its log, and the number of its last event. */
  readonly former?: { readonly logs: string; readonly lastEvent: number };
  /** Milliseconds since the epoch, with a fraction. */
  now(): number;
}

export interface Outcome {
  readonly status: 'succeeded' | 'failed' | 'canceled';
  readonly error?: string;
}

type Listener = (event: PredictionEvent) => void;

/**
 * One prediction from its acceptance to its end. Status goes `starting -> processing -> succeeded | failed | canceled`, and may skip
 * `processing`. `finish` counts once; nothing changes after it. Listeners hear each change in order and never throw into it.
 */
export class Prediction {
  readonly id: string;
  /** Resolves with the last view. */
  readonly finished: Promise<PredictionView>;
  readonly replay: ReplayLog;
  readonly #facts: PredictionFacts;
  readonly #log: BoundedLog;
  readonly #listeners = new Set<Listener>();
  readonly #canceled = new AbortController();
  readonly #resolveFinished: (view: PredictionView) => void;
  #input: JsonObject;
  #status: PredictionStatus = 'starting';
  #output: unknown = null;
  #outputs: unknown[] | undefined;
  #error: string | null = null;
  #metrics: JsonObject = {};
  #startedAt: string;
  #completedAt: string | null = null;
  #sequence = 0;
  #last: PredictionView | undefined;

  constructor(facts: PredictionFacts) {
    this.id = facts.id;
    this.#facts = facts;
    this.#input = facts.input;
    this.#log = new BoundedLog(facts.maxLogCharacters);
    this.replay = new ReplayLog(facts.maxReplayBytes);
    if (facts.former !== undefined) {
      this.#log.add(facts.former.logs);
      this.#sequence = facts.former.lastEvent;
    }
    this.#startedAt = isoTime(facts.now());
    const { promise, resolve } = Promise.withResolvers<PredictionView>();
    this.finished = promise;
    this.#resolveFinished = resolve;
    this.#tell('start', () => this.view());
  }

  get status(): PredictionStatus {
    return this.#status;
  }

  get isFinished(): boolean {
    return this.#last !== undefined;
  }

  /** Aborts when somebody asked to cancel it. */
  get signal(): AbortSignal {
    return this.#canceled.signal;
  }

  view(): PredictionView {
    return (
      this.#last ?? {
        id: this.id,
        status: this.#status,
        input: this.#input,
        output: this.#outputs === undefined ? this.#output : [...this.#outputs],
        error: this.#error,
        logs: this.#log.text,
        metrics: { ...this.#metrics },
        created_at: this.#facts.createdAt,
        started_at: this.#startedAt,
        completed_at: this.#completedAt,
      }
    );
  }

  /** What the client is shown of its input, from now on. */
  showInput(input: JsonObject): void {
    if (!this.isFinished) this.#input = input;
  }

  /** Its code begins. */
  begin(): void {
    if (this.#status !== 'starting') return;
    this.#status = 'processing';
    this.#startedAt = isoTime(this.#facts.now());
  }

  log(text: string): void {
    if (this.isFinished || text === '') return;
    this.#log.add(text);
    this.#tell('log', () => ({ data: text }));
  }

  metric(name: string, value: unknown): void {
    if (this.isFinished) return;
    const { [name]: _former, ...rest } = this.#metrics;
    this.#metrics = value === null || value === undefined ? rest : { ...rest, [name]: value };
    this.#tell('metric', () => ({ name, value: value ?? null, mode: 'replace' }));
  }

  /** What its code made so far does not count, and its code begins again: the log says why, and `start` says how it stands. */
  beginAgain(line: string): void {
    if (this.isFinished) return;
    this.#output = null;
    this.#outputs = undefined;
    this.#metrics = {};
    this.log(line);
    this.#tell('start', () => this.view());
  }

  /** One more of an iterator's outputs. */
  addOutput(value: unknown): void {
    if (this.isFinished) return;
    this.#outputs ??= [];
    this.#outputs.push(value);
    const index = this.#outputs.length - 1;
    this.#tell('output', () => outputOf(index, value));
  }

  /** The output of a predictor that gives one; an iterator that gave nothing has the empty list. */
  setOutput(value: unknown): void {
    if (this.isFinished) return;
    if (Array.isArray(value) && value.length === 0) this.#outputs ??= [];
    this.#output = value;
    if (value !== null && this.#outputs === undefined) this.#tell('output', () => outputOf(0, value));
  }

  cancel(): boolean {
    if (this.isFinished) return false;
    this.#canceled.abort();
    return true;
  }

  /** The first call decides; later ones change nothing and answer false. */
  finish({ status, error }: Outcome): boolean {
    if (this.isFinished) return false;
    const now = this.#facts.now();
    this.#status = status;
    this.#error = error ?? null;
    this.#completedAt = isoTime(now);
    const seconds = Math.max(0, (now - Date.parse(this.#startedAt)) / 1000);
    this.#metrics = { ...this.#metrics, predict_time: seconds };
    this.#last = Object.freeze(this.view());
    this.#tell('completed', () => this.view());
    this.#resolveFinished(this.#last);
    this.#listeners.clear();
    return true;
  }

  /** Everything from now on. The answer ends it. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #tell(kind: PredictionEvent['kind'], data: () => unknown): void {
    this.#sequence += 1;
    const event: PredictionEvent = { id: this.#sequence, kind, data: JSON.stringify(data()) };
    this.replay.add(event);
    for (const listener of this.#listeners) listener(event);
  }
}

/** `chunk` is what Cog's own clients read of an output. */
function outputOf(index: number, value: unknown) {
  return { index, output: value, chunk: value };
}
