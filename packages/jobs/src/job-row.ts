/** What a row of background work is of. */
export const JOB_KINDS = ['job', 'schedule', 'webhook', 'prediction', 'procedure'] as const;
export type JobKind = (typeof JOB_KINDS)[number];

/**
 * ```
 * queued -> running -> done
 *   ^          |-----> queued        (an attempt is left)
 *   |          |-----> dead          (a job or a delivery without attempts: an admin retries or drops it)
 *   |          |-----> failed        (a tick whose run threw)
 *   |          `-----> interrupted   (a tick whose worker died)
 *   `---- dead ------> dropped
 * ```
 */
export const JOB_STATES = ['queued', 'running', 'done', 'failed', 'interrupted', 'dead', 'dropped'] as const;
export type JobState = (typeof JOB_STATES)[number];

/** Milliseconds; exponential: doubled for each further attempt, a day at most. */
export interface Backoff {
  readonly kind: 'fixed' | 'exponential';
  readonly delayMs: number;
}

export interface JobRow {
  job_id: string;
  kind: JobKind;
  /** Empty: of no bundle. */
  bundle_id: string;
  name: string;
  dedupe_key: string | null;
  data: unknown;
  status: JobState;
  /** Starts so far. */
  attempt: number;
  max_attempts: number;
  backoff: Backoff | null;
  run_at: Date;
  fence: string | null;
  error: string | null;
  created_at: Date;
  started_at: Date | null;
  ended_at: Date | null;
}
