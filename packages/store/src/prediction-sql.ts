/** Statements of predictions, in the order of a prediction's life. Each change of a state is a compare-and-set. */

const SCOPE = 'tenant = $1 and project = $2';
const ONE = `${SCOPE} and bundle_id = $3 and user_id = $4 and prediction_id = $5`;
const MS = "interval '1 millisecond'";
const ROW = `bundle_id, user_id, prediction_id, version_id, status, is_async, attempt, max_attempts, webhook, input, output, error, logs, metrics,
  shown_created_at, shown_started_at, shown_ended_at, last_event, cancel_requested, fence, created_at`;

// Bounded per user. Two inserts at once may both see the last place: the bound is met within the number of requests under way.
export const INSERT = {
  name: 'prediction.insert',
  text: `insert into prediction (tenant, project, bundle_id, user_id, prediction_id, version_id, is_async, sealed, webhook, input,
      shown_created_at, shown_started_at, fence, lease_until, max_attempts, attempt)
    select $1, $2, $3, $4, $5, $6, $7, $8::bytea, $9::jsonb, $10::jsonb, $11, $12, $13::text,
      case when $13::text is null then null else now() + $14 * ${MS} end, $16, case when $13::text is null then 0 else 1 end
    where (select count(*) from (select from prediction
      where ${SCOPE} and ended_at is null and user_id = $4 limit $15) as open) < $15
    on conflict do nothing returning prediction_id`,
};
export const FIND = { name: 'prediction.find', text: `select ${ROW} from prediction where ${ONE}` };
// waiting -> held by this fence, once: whoever comes second finds a fence or an end. What is needed to run it stays only for a further attempt.
export const START = {
  name: 'prediction.start',
  text: `update prediction as p set fence = $6, opened_by = $6, lease_until = now() + $7 * ${MS}, version_id = $8, attempt = p.attempt + 1,
      request = case when p.attempt + 1 < p.max_attempts then p.request end,
      sealed = case when p.attempt + 1 < p.max_attempts then p.sealed end
    from (select request as was_open, sealed as was_sealed from prediction where ${ONE} for update) as former
    where ${ONE} and p.fence is null and p.ended_at is null
    returning ${ROW}, was_open as request, was_sealed as sealed`,
};
// Open -> sealed, by a worker that finds a row of a former version waiting.
export const SEAL = {
  name: 'prediction.seal',
  text: `update prediction set sealed = $6::bytea, request = null
    where ${ONE} and request is not null and fence is null and ended_at is null returning prediction_id`,
};
// Held, and its process went: one attempt more, by the same holder, as long as there is one left.
export const BEGIN_AGAIN = {
  name: 'prediction.beginAgain',
  text: `update prediction set attempt = attempt + 1
    where ${ONE} and fence = $6 and ended_at is null and attempt < max_attempts and not cancel_requested returning attempt, max_attempts`,
};
// By the one who holds it: the row as it stands and what happened since, in one statement; the answer says whether somebody canceled.
export const SAVE = {
  name: 'prediction.save',
  text: `with mine as (
      update prediction set status = $7, input = $8::jsonb, output = $9::jsonb, error = $10, logs = $11, metrics = $12::jsonb,
        shown_started_at = $13, shown_ended_at = $14, last_event = greatest(last_event, coalesce((select max(one) from unnest($15::int[]) as one), 0)),
        ended_at = case when $14::text is null then null else now() end,
        fence = case when $14::text is null then fence end,
        request = case when $14::text is null then request end,
        sealed = case when $14::text is null then sealed end,
        lease_until = case when $14::text is null then now() + $18 * ${MS} end
      where ${ONE} and fence = $6 and ended_at is null returning cancel_requested
    ), told as (
      insert into prediction_event (tenant, project, bundle_id, user_id, prediction_id, event, kind, data)
      select $1, $2, $3, $4, $5, one.event, one.kind, one.data from unnest($15::int[], $16::text[], $17::text[]) as one (event, kind, data)
      where exists (select from mine) on conflict do nothing
    ) select cancel_requested from mine`,
};
// Waiting -> canceled; running -> its holder hears of it at its next save. No row: it is over, or not there.
export const CANCEL = {
  name: 'prediction.cancel',
  text: `update prediction set cancel_requested = true,
      status = case when fence is null then 'canceled' else status end,
      request = case when fence is null then null else request end,
      sealed = case when fence is null then null else sealed end,
      shown_ended_at = case when fence is null then $6 else shown_ended_at end,
      ended_at = case when fence is null then now() else null end
    where ${ONE} and ended_at is null returning ${ROW}`,
};
export const EVENTS = {
  name: 'prediction.events',
  text: `select event as id, kind, data from prediction_event where ${ONE} and event > $6 order by event limit $7`,
};
// Held by nobody alive, and it may be begun again by somebody else: back to waiting. Not where its caller waited: he is gone with his worker.
const MAY_WAIT_AGAIN = `is_async and not cancel_requested and attempt < max_attempts and (request is not null or sealed is not null)`;
export const WAIT_AGAIN = {
  name: 'prediction.waitAgain',
  text: `update prediction set status = 'starting', fence = null, lease_until = null, output = null, metrics = '{}'
    where ${SCOPE} and ended_at is null and lease_until < now() and ${MAY_WAIT_AGAIN} returning ${ROW}`,
};
// Held, by a worker that stops: back to waiting, where somebody else may begin it again.
export const GIVE_BACK = {
  name: 'prediction.giveBack',
  text: `update prediction set status = 'starting', fence = null, lease_until = null, output = null, metrics = '{}'
    where ${ONE} and fence = $6 and ended_at is null and ${MAY_WAIT_AGAIN} returning ${ROW}`,
};
// Held by nobody alive, or waited for by nobody: it has failed. A row that was saved since stays.
export const END_LOST = {
  name: 'prediction.endLost',
  text: `update prediction set status = 'failed', request = null, sealed = null, fence = null, lease_until = null, ended_at = now(), shown_ended_at = $3,
      error = case when fence is null then $5 else $4 end
    where ${SCOPE} and ended_at is null and ((lease_until < now() and not (${MAY_WAIT_AGAIN})) or (fence is null and created_at < now() - $6 * ${MS}))
    returning ${ROW}`,
};
export const LIST_WAITING = {
  name: 'prediction.listWaiting',
  text: `select ${ROW}, request from prediction where ${SCOPE} and ended_at is null and fence is null and created_at < now() - $3 * ${MS}
    order by created_at limit $4`,
};
export const LIST_UNTOLD = {
  name: 'prediction.listUntold',
  text: `select ${ROW} from prediction where ${SCOPE} and webhook is not null and ended_at < now() - $3 * ${MS} order by ended_at limit $4`,
};
export const TOLD = { name: 'prediction.told', text: `update prediction set webhook = null where ${ONE}` };
export const LIST = {
  name: 'prediction.list',
  text: `select ${ROW} from prediction where ${SCOPE} and bundle_id = $3 and ($4::text is null or user_id = $4)
      and ($5::text is null or status = $5)
    order by created_at desc, prediction_id limit $6`,
};
export const SWEEP = {
  name: 'prediction.sweep',
  text: `delete from prediction where (tenant, project, bundle_id, user_id, prediction_id) in
    (select tenant, project, bundle_id, user_id, prediction_id from prediction where ${SCOPE} and ended_at < now() - $3 * ${MS} limit $4)`,
};
