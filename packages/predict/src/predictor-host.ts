import type { Deadline } from '@switchyard/kernel';
import type { JsonObject } from './prediction-view.ts';
import type { PredictCall, PredictResult } from './predictor.ts';

/** One process of a predictor whose setup is done. */
export interface PredictorHost {
  readonly schemas: JsonObject;
  readonly maxConcurrency: number;
  /** Of its own process, where it has one. */
  readonly pid?: number | undefined;
  /** Resolves with the reason when the process ended. */
  readonly ended: Promise<string>;
  /** Never rejects: a host that ends fails what runs in it, with the cause. */
  predict(call: PredictCall): Promise<PredictResult>;
  /** What the predictor's own `healthcheck()` says; undefined: it did not answer in time. Never rejects. */
  check?(): Promise<boolean | undefined>;
  stop(deadline: Deadline): Promise<void>;
}

/** What is known of a predictor before its setup is done. */
export interface PredictorFacts {
  readonly schemas: JsonObject;
  readonly maxConcurrency: number;
}

export interface SetupSink {
  /** Whole lines that setup wrote. */
  onLog(text: string): void;
  /** As soon as the code was read, where a host can tell it before setup. */
  onSchemas?(facts: PredictorFacts): void;
  /** Aborts when nobody wants the host any more. */
  readonly signal: AbortSignal;
}

/** Starts a process and runs setup. Rejects with a sentence for whoever wrote the predictor. */
export type StartHost = (sink: SetupSink) => Promise<PredictorHost>;
