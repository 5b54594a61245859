import { PlatformError } from '@switchyard/kernel';
import type { BundleEvent, Citation, TurnRecord, TurnTiming, Usage } from '@switchyard/protocol';
import type { AnswerFile } from './store-file.ts';

/** What history keeps of one turn. The answer is never cut: over its bound the turn fails, because a cut answer would not be the one that was streamed. */
export interface RecordBounds {
  maxAnswerCharacters: number;
  maxThinkingCharacters: number;
  maxSteps: number;
  maxStepDataCharacters: number;
  maxCitations: number;
  maxUsage: number;
  maxFiles: number;
}

export const DEFAULT_RECORD_BOUNDS: RecordBounds = {
  maxAnswerCharacters: 1_000_000,
  maxThinkingCharacters: 200_000,
  maxSteps: 300,
  maxStepDataCharacters: 8_000,
  maxCitations: 200,
  maxUsage: 200,
  maxFiles: 50,
};

const OPEN: ReadonlySet<string> = new Set(['started', 'running']);

type RecordStep = TurnRecord['steps'][number];

/** Gathers what a bundle emits into the turn's record. */
export class TurnRecorder {
  readonly #bounds: RecordBounds;
  readonly #now: () => number;
  readonly #bundleVersion: string | undefined;
  #answer = '';
  #thinking = '';
  readonly #steps = new Map<string, RecordStep>();
  readonly #citations = new Map<number, Citation>();
  #followups: string[] = [];
  readonly #usage: Usage[] = [];
  #timing: TurnTiming | undefined;
  readonly #files: AnswerFile[] = [];

  constructor(
    now: () => number,
    bundleVersion: string | undefined,
    bounds: RecordBounds = DEFAULT_RECORD_BOUNDS,
  ) {
    this.#now = now;
    this.#bundleVersion = bundleVersion;
    this.#bounds = bounds;
  }

  /** All answer deltas so far, joined. */
  get answer(): string {
    return this.#answer;
  }

  get followups(): readonly string[] {
    return this.#followups;
  }

  /** Where its time went, as it is known by now. */
  time(timing: TurnTiming): void {
    this.#timing = timing;
  }

  get files(): readonly AnswerFile[] {
    return this.#files;
  }

  /** Before a file is stored. Throws BUNDLE_ERROR when the turn has as many as it may have. */
  requireRoomForFile(): void {
    if (this.#files.length >= this.#bounds.maxFiles)
      throw PlatformError.of('BUNDLE_ERROR', `The answer has more than ${this.#bounds.maxFiles} files.`);
  }

  takeFile(file: AnswerFile): void {
    this.#files.push(file);
  }

  /** Takes an event before it is emitted. Throws BUNDLE_ERROR when the answer grows over its bound. */
  take(event: BundleEvent): void {
    if (event.kind === 'delta') this.#takeDelta(event.text, event.marker);
    else if (event.kind === 'step') this.#takeStep(event);
    else if (event.kind === 'citations') this.#takeCitations(event.items);
    else if (event.kind === 'followups') this.#followups = [...event.items];
    else if (event.kind === 'usage' && this.#usage.length < this.#bounds.maxUsage)
      this.#usage.push(event.usage);
  }

  /** @param unfinished what a step becomes that was never ended: in history nothing is under way */
  record(unfinished: 'completed' | 'error' | 'cancelled'): TurnRecord {
    return {
      v: 1,
      final_answer: this.answer,
      ...(this.#thinking === '' ? {} : { thinking: this.#thinking }),
      steps: [...this.#steps.values()].map((step) =>
        OPEN.has(step.status) ? { ...step, status: unfinished } : step,
      ),
      citations: [...this.#citations.values()],
      followups: [...this.#followups],
      files: [...this.#files],
      usage: [...this.#usage],
      ...(this.#bundleVersion === undefined ? {} : { bundle_version: this.#bundleVersion }),
      ...(this.#timing === undefined ? {} : { timing: this.#timing }),
    };
  }

  #takeDelta(text: string, marker: string): void {
    if (marker === 'thinking') {
      this.#thinking += text.slice(
        0,
        Math.max(0, this.#bounds.maxThinkingCharacters - this.#thinking.length),
      );
    } else if (marker === 'answer') {
      if (this.#answer.length + text.length > this.#bounds.maxAnswerCharacters) {
        throw PlatformError.of(
          'BUNDLE_ERROR',
          `The answer is longer than ${this.#bounds.maxAnswerCharacters} characters.`,
        );
      }
      this.#answer += text;
    }
  }

  /** The same name again updates the step in its place and keeps the time of its start. */
  #takeStep(event: Extract<BundleEvent, { kind: 'step' }>): void {
    const former = this.#steps.get(event.name);
    if (former === undefined && this.#steps.size >= this.#bounds.maxSteps) return;
    const data = event.data ?? former?.data;
    const isKept = data !== undefined && JSON.stringify(data).length <= this.#bounds.maxStepDataCharacters;
    const title = event.title ?? former?.title;
    this.#steps.set(event.name, {
      name: event.name,
      status: event.status,
      ...(title === undefined ? {} : { title }),
      ...(isKept ? { data } : {}),
      ts: former?.ts ?? this.#now(),
    });
  }

  #takeCitations(items: readonly Citation[]): void {
    for (const item of items) {
      if (this.#citations.has(item.id) || this.#citations.size < this.#bounds.maxCitations)
        this.#citations.set(item.id, item);
    }
  }
}
