import type { TenantProject } from '@switchyard/protocol';
import type { Statement } from '@switchyard/store';
import { AT_THEIR_PLACE, CHANGED_OR_AS_THEY_STAND } from './rows-of-input.ts';

export interface StartInput {
  readonly turnId: string;
  readonly fence: string;
  /** Its bundle declared `recovery: 'retryIfSilent'`: it may run again while nothing of it was seen or done. */
  readonly isSilent?: boolean;
}

// queued -> running under a fence. Rows that are not queued come back as they stand; no row: nothing comes back.
const TEXT = `
with input as (select * from unnest($3::text[], $4::text[], $5::boolean[]) as i(turn_id, new_fence, new_silent)),
found as (${AT_THEIR_PLACE}),
started as (
  update turn set status = 'running', fence = found.new_fence, started_at = now(), attempt = attempt + 1, is_silent = found.new_silent
  from found where turn.ctid = found.place and turn.status = 'queued'
  returning turn.turn_id, turn.status, turn.fence, turn.folded_into, turn.answer, turn.error
)
${CHANGED_OR_AS_THEY_STAND('started')}`;

export function startTurns(scope: TenantProject, inputs: readonly StartInput[]): Statement {
  return {
    name: 'turns-start',
    text: TEXT,
    values: [
      scope.tenant,
      scope.project,
      inputs.map((input) => input.turnId),
      inputs.map((input) => input.fence),
      inputs.map((input) => input.isSilent === true),
    ],
  };
}
