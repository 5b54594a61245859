import type { JobRow, JobState } from './job-row.ts';

/** How a start ended. `final`: trying again cannot help. `lost`: its worker died or was stopped. */
export type JobOutcome =
  | { readonly kind: 'done' }
  | { readonly kind: 'failed' | 'final' | 'lost'; readonly error: string };

export interface JobEnd {
  readonly status: JobState;
  /** Before the next start; only with `queued`. */
  readonly delayMs: number;
  readonly error: string | null;
}

const LONGEST_PAUSE_MS = 24 * 60 * 60_000;
const LONGEST_ERROR = 2000;

type Ending = Pick<JobRow, 'kind' | 'attempt' | 'max_attempts' | 'backoff'>;

/**
 * What a row becomes after a start. A tick that threw is not repeated, since the next one is another chance; one whose worker died is,
 * while it has starts left. A job and a delivery are tried again after either.
 */
export function decideEnd(row: Ending, outcome: JobOutcome): JobEnd {
  if (outcome.kind === 'done') return { status: 'done', delayMs: 0, error: null };
  const error = outcome.error.slice(0, LONGEST_ERROR);
  const isLost = outcome.kind === 'lost';
  const mayRepeat = row.kind === 'schedule' ? isLost : outcome.kind !== 'final';
  if (mayRepeat && row.attempt < row.max_attempts)
    return { status: 'queued', delayMs: isLost ? 0 : decidePause(row), error };
  if (row.kind !== 'schedule') return { status: 'dead', delayMs: 0, error };
  return { status: isLost ? 'interrupted' : 'failed', delayMs: 0, error };
}

/** With 1 s exponential: 1, 2, 4, 8, ... s after the first, second, third, fourth start. */
function decidePause({ backoff, attempt }: Ending): number {
  if (backoff === null) return 0;
  const factor = backoff.kind === 'fixed' ? 1 : 2 ** Math.min(attempt - 1, 40);
  return Math.min(backoff.delayMs * factor, LONGEST_PAUSE_MS);
}
