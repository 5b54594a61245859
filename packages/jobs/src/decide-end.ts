import type { JobRow, JobState } from './job-row.ts';

/**
 * How a start ended. `final`: trying again cannot help. `lost`: its worker died or was stopped. `unavailable`: nothing of it was run, since
 * its bundle could not take it now.
 */
export type JobOutcome =
  | { readonly kind: 'done' }
  | { readonly kind: 'failed' | 'final' | 'lost' | 'unavailable'; readonly error: string };

export interface JobEnd {
  readonly status: JobState;
  /** Before the next start; only with `queued`. */
  readonly delayMs: number;
  readonly error: string | null;
  /** The start does not count: there may be one more. */
  readonly isGivenBack?: boolean;
}

/** How long a row waits for a bundle that takes nothing, counted from when it was made. */
export interface JobPatience {
  readonly jobMs: number;
  readonly tickMs: number;
}

const LONGEST_PAUSE_MS = 24 * 60 * 60_000;
const LONGEST_ERROR = 2000;

type Ending = Pick<JobRow, 'kind' | 'attempt' | 'max_attempts' | 'backoff'>;

/** Between two looks whether the bundle is back: a tenth of the time that was waited already. */
const SHORTEST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 10 * 60_000;

/**
 * What a row becomes after a start. What its bundle could not take waits, without using up a start. A tick that threw is not repeated, since the next one is another chance; one whose worker died is,
 * while it has starts left. A job and a delivery are tried again after either.
 */
export function decideEnd(
  row: Ending,
  outcome: JobOutcome,
  { ageMs, patience }: { ageMs: number; patience: JobPatience },
): JobEnd {
  if (outcome.kind === 'done') return { status: 'done', delayMs: 0, error: null };
  const error = outcome.error.slice(0, LONGEST_ERROR);
  const isLost = outcome.kind === 'lost';
  if (
    outcome.kind === 'unavailable' &&
    ageMs < (row.kind === 'schedule' ? patience.tickMs : patience.jobMs)
  ) {
    const delayMs = Math.min(Math.max(ageMs / 10, SHORTEST_WAIT_MS), LONGEST_WAIT_MS);
    return { status: 'queued', delayMs: Math.round(delayMs), error, isGivenBack: true };
  }
  const mayRepeat = row.kind === 'schedule' ? isLost : outcome.kind === 'failed' || isLost;
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
