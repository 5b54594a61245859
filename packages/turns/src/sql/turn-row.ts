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
export const ROW_COLUMNS = `${STATE_COLUMNS}, seq, kind, request`;
