import type { Clock } from '@switchyard/kernel';
import type { Outbound, PredictionView, PythonBundles } from '@switchyard/predict';
import type { PredictionRow, PredictionRows } from '@switchyard/store';
import type { Log } from '@switchyard/telemetry';
import type { ProcConfig } from '../env.ts';
import type { BundleInvoker } from '../invocations/invoke-bundle.ts';
import type { Procedures } from '../procedures/open-procedures.ts';
import type { RequestSeal } from './request-seal.ts';

/** What the parts of predictions share. */
export interface PredictionParts {
  readonly rows: PredictionRows;
  readonly invoker: Pick<BundleInvoker, 'hold' | 'run'>;
  /** Undefined where there are none. */
  readonly procedures: Procedures | undefined;
  readonly python: Pick<PythonBundles, 'predict'>;
  readonly outbound: Outbound;
  readonly seal: RequestSeal;
  readonly config: ProcConfig;
  /** Of this process, for files of inputs. */
  readonly folder: string;
  /** Aborts when this worker lets go of its stores. */
  readonly closing: AbortSignal;
  readonly clock: Clock;
  readonly log: Log;
  /** Milliseconds since the epoch, with a fraction. */
  now(): number;
  makeFence(): string;
  randomBytes(size: number): Uint8Array;
  /** Never rejects. */
  sendWebhookOnce(url: string, view: PredictionView, trace: Readonly<Record<string, string>>): Promise<void>;
  /** Keeps the last webhook of a row that is over until it is delivered. Never rejects: what fails is found by its row. */
  tellEndOf(row: PredictionRow): Promise<void>;
  /** Never rejects: what fails is found by its row. */
  addJob(row: PredictionRow): Promise<void>;
}
