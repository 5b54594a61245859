import type { TaskKind, TurnRecord, TurnStatus } from '@switchyard/protocol';
import type { StoredTask, TurnErrorRecord } from '../turn-types.ts';

/** The columns that every state change returns. `isChanged`: this statement changed it; otherwise it is the row as it stands. */
export interface TurnState {
  readonly turn_id: string;
  readonly status: TurnStatus;
  readonly fence: string | null;
  readonly folded_into: string | null;
  readonly answer: (TurnRecord & { result?: Record<string, unknown> }) | null;
  readonly error: TurnErrorRecord | null;
  readonly is_changed: boolean;
}
export const STATE_COLUMNS = 'turn_id, status, fence, folded_into, answer, error';

/** A whole message, for those who act without a task in Redis. */
export interface TurnRow extends TurnState {
  readonly seq: number;
  readonly kind: TaskKind;
  readonly request: StoredTask;
}

/**
 * The rule of `recovery: 'retryIfSilent'` for a row that is `running`: nothing of it has left, and it has been started again once at
 * most. Such a row goes back to `queued` and keeps its fence, by which a started marker of that start is known as settled.
 */
export const MAY_RETRY = 'is_silent and attempt <= 2';

export const ROW_COLUMNS = `${STATE_COLUMNS}, seq, kind, request`;
