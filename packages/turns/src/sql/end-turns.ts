import type { TenantProject, TurnStatus } from '@switchyard/protocol';
import { cleanText, json } from '@switchyard/store';
import type { Statement } from '@switchyard/store';
import type { TurnErrorRecord } from '../turn-types.ts';
import { AT_THEIR_PLACE, CHANGED_OR_AS_THEY_STAND } from './rows-of-input.ts';

export interface EndInput {
  readonly turnId: string;
  /** The fence that the row must be running under. */
  readonly fence: string;
  readonly status: Extract<TurnStatus, 'completed' | 'failed' | 'cancelled' | 'interrupted'>;
  readonly answer: object | null;
  readonly answerText: string | null;
  readonly error: TurnErrorRecord | null;
}

// running under this fence -> an end state. Otherwise the row comes back as it stands.
const TEXT = `
with input as (
  select * from unnest($3::text[], $4::text[], $5::text[], $6::jsonb[], $7::text[], $8::jsonb[])
    as i(turn_id, old_fence, new_status, new_answer, new_answer_text, new_error)
),
found as (${AT_THEIR_PLACE}),
ended as (
  update turn set status = new_status, answer = new_answer, answer_text = new_answer_text, error = new_error, ended_at = now()
  from found where turn.ctid = found.place and turn.status = 'running' and turn.fence = old_fence
  returning turn.turn_id, turn.status, turn.fence, turn.folded_into, turn.answer, turn.error
)
${CHANGED_OR_AS_THEY_STAND('ended')}`;

export function endTurns(scope: TenantProject, inputs: readonly EndInput[]): Statement {
  const column = (read: (input: EndInput) => string | null) => inputs.map(read);
  return {
    name: 'turns-end',
    text: TEXT,
    values: [
      scope.tenant,
      scope.project,
      column((input) => input.turnId),
      column((input) => input.fence),
      column((input) => input.status),
      column((input) => (input.answer === null ? null : json(input.answer))),
      column((input) => (input.answerText === null ? null : cleanText(input.answerText))),
      column((input) => (input.error === null ? null : json(input.error))),
    ],
  };
}
