import type { TenantProject } from '@switchyard/protocol';
import type { Statement } from '@switchyard/store';
import { STATE_COLUMNS } from './turn-row.ts';

export interface StartInput {
  readonly turnId: string;
  readonly fence: string;
  /** Its bundle declared `recovery: 'retryIfSilent'`: it may run again while nothing of it was seen or done. */
  readonly isSilent?: boolean;
}

// queued -> running under a fence. Rows that are not queued come back as they stand; no row: nothing comes back.
const TEXT = `
with input as (select * from unnest($3::text[], $4::text[], $5::boolean[]) as i(turn_id, new_fence, new_silent)),
started as (
  update turn set status = 'running', fence = input.new_fence, started_at = now(), attempt = attempt + 1, is_silent = input.new_silent
  from input
  where turn.tenant = $1 and turn.project = $2 and turn.turn_id = input.turn_id and turn.status = 'queued'
  returning turn.turn_id, turn.status, turn.fence, turn.folded_into, turn.answer, turn.error
)
select ${STATE_COLUMNS}, true as is_changed from started
union all
select ${STATE_COLUMNS}, false from turn
where tenant = $1 and project = $2 and turn_id = any($3::text[]) and not exists (select from started where started.turn_id = turn.turn_id)`;

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
