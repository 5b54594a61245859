import { STATE_COLUMNS } from './turn-row.ts';

/**
 * Each row of the CTE `input` with the place of its turn, found by the primary key, one look-up a row. Written as a join, a plan that
 * was made while the table was small (the first minute of a database, before it has statistics) reads every turn of the scope for
 * each statement: all its indexes begin with tenant and project, and one of those looks as good as the key. A row that somebody
 * changes at the same moment is not found at its place any more: then it comes back unchanged, and the caller looks again.
 */
export const AT_THEIR_PLACE = `
  select input.*, (
    select t.ctid from turn t where t.tenant = $1 and t.project = $2 and t.turn_id = input.turn_id
  ) as place from input offset 0`;

/** Rows that the CTE `changed` returned, and those of `input` that it did not, as they stand. */
export const CHANGED_OR_AS_THEY_STAND = (changed: string): string => `
select ${STATE_COLUMNS}, true as is_changed from ${changed}
union all
select ${STATE_COLUMNS}, false from turn
where turn.ctid = any(array(select place from found)) and not exists (select from ${changed} where ${changed}.turn_id = turn.turn_id)`;
