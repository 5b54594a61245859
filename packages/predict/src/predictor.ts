import type { Deadline } from '@switchyard/kernel';
import type { JsonObject } from './prediction-view.ts';

/** Where a predictor stands (06 §1). BUSY is what a server says of one whose places are all taken. */
export const PREDICTOR_STATUSES = [
  'STARTING',
  'READY',
  'BUSY',
  'SETUP_FAILED',
  'DEFUNCT',
  'UNHEALTHY',
] as const;
export type PredictorStatus = (typeof PREDICTOR_STATUSES)[number];

export interface SetupReport {
  readonly started_at: string;
  readonly completed_at: string | null;
  readonly status: 'starting' | 'succeeded' | 'failed';
  readonly logs: string;
}

/** A file that a host made, opened by the server inside the host's own folders. Close it in any case. */
export interface HostFile {
  readonly name: string;
  readonly size: number;
  bytes(): AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}

/** A value with files in it: at each JSON pointer stands something that the file's address will replace. */
export interface HostOutput {
  readonly value: unknown;
  readonly files: ReadonlyMap<string, HostFile>;
}

/** A file of this machine that stands for what a client sent. */
export interface InputFile {
  readonly pointer: string;
  readonly path: string;
  readonly name: string;
}

/** One call of `predict`. */
export interface PredictCall {
  readonly id: string;
  readonly input: JsonObject;
  /** By JSON pointer into `input`; a host gives `predict` a path in their place. */
  readonly files: readonly InputFile[];
  readonly context: Readonly<Record<string, string>>;
  readonly createdAt: string;
  readonly startedAt: string;
  /** Aborts when the prediction is canceled. */
  readonly signal: AbortSignal;
  /** Whole lines with their line ends; all of them before `predict` resolves. */
  onLog(text: string): void;
  onMetric(name: string, value: unknown): void;
  /** One output of an iterator. The next waits for it. */
  onOutput(output: HostOutput): Promise<void>;
}

export type PredictResult =
  /** `output` is absent where `onOutput` had all of it. */
  | { readonly status: 'succeeded'; readonly output?: HostOutput; readonly iterates?: boolean }
  /** `isLost`: its process went, and what it would have said is not known. */
  | { readonly status: 'failed'; readonly error: string; readonly isLost?: boolean }
  | { readonly status: 'canceled' };

/** One predictor and the processes that run it. */
export interface Predictor {
  /** Places for predictions at once; known when it is ready. */
  readonly maxConcurrency: number;
  readonly status: Exclude<PredictorStatus, 'BUSY'>;
  readonly setup: SetupReport;
  /** OpenAPI components `Input` and `Output` and what they refer to; undefined until the code was read. */
  readonly schemas: JsonObject | undefined;
  /** Begins setup. Never rejects: how it went is in `status` and `setup`. */
  start(): Promise<void>;
  /** Never rejects. Its place is free when it resolves. Only to be called while `status` is READY. */
  predict(call: PredictCall): Promise<PredictResult>;
  /** Asks the predictor's own `healthcheck()`, if it has one. */
  check?(): Promise<boolean>;
  /** Ends all processes, by force at the deadline. */
  stop(deadline: Deadline): Promise<void>;
}
