import { isoText } from './iso-text.ts';

// In progress while a message waits or runs; after that the last message that ended decides. A cancelled one leaves the
// conversation idle. Folded ones ended inside another turn and say nothing. Redis knows the state first; this is the truth
// that remains when Redis is new.
const STATE = `case
    when exists (select 1 from turn t where t.tenant = c.tenant and t.project = c.project and t.conversation_id = c.conversation_id
      and t.kind = 'message' and t.ended_at is null) then 'in_progress'
    when (select t.status from turn t where t.tenant = c.tenant and t.project = c.project and t.conversation_id = c.conversation_id
      and t.kind = 'message' and t.status <> 'folded' order by t.seq desc limit 1) in ('failed', 'interrupted', 'dead') then 'error'
    else 'idle' end`;

const CURRENT_TURN = `(select t.turn_id from turn t where t.tenant = c.tenant and t.project = c.project
    and t.conversation_id = c.conversation_id and t.kind = 'message' and t.ended_at is null
    order by (t.status = 'running') desc, t.seq limit 1)`;

const ITEM = `c.conversation_id, c.title, ${isoText('c.started_at')} as started_at,
    ${isoText('c.last_activity_at')} as last_activity_at, ${STATE} as state, c.bundle_id, c.pinned, c.archived`;

const VISIBLE = 'c.tenant = $1 and c.project = $2 and c.deleted_at is null';

/** $1 tenant, $2 project, $3 user, $4 archived, $5 days, $6 started_after, $7-$9 position, $10 limit. */
export const LIST_CONVERSATIONS = {
  name: 'conversation.list',
  text: `select ${ITEM} from conversation c
    where ${VISIBLE} and c.user_id = $3 and c.archived = $4
      and ($5::int is null or c.last_activity_at >= now() - make_interval(days => $5))
      and ($6::timestamptz is null or c.started_at > $6)
      and ($9::text is null or (c.pinned, c.last_activity_at, c.conversation_id) < ($7::boolean, $8::timestamptz, $9))
    order by c.pinned desc, c.last_activity_at desc, c.conversation_id desc
    limit $10`,
};

/** $1 tenant, $2 project, $3 user, $4 conversation ids. */
export const LIST_CONVERSATIONS_BY_ID = {
  name: 'conversation.listById',
  text: `select ${ITEM} from conversation c where ${VISIBLE} and c.user_id = $3 and c.conversation_id = any($4)`,
};

/** $1 tenant, $2 project, $3 user, $4 conversation. */
export const FIND_CONVERSATION = {
  name: 'conversation.find',
  text: `select ${ITEM}, ${CURRENT_TURN} as current_turn_id, c.session_id
    from conversation c where ${VISIBLE} and c.user_id = $3 and c.conversation_id = $4`,
};

/**
 * $1 tenant, $2 project, $3 conversation, $4 user, $5 session, $6 bundle. A new id becomes the caller's; an own one is
 * touched. No row: it is somebody else's, or deleted.
 */
export const OPEN_CONVERSATION = {
  name: 'conversation.open',
  text: `insert into conversation as c (tenant, project, conversation_id, user_id, session_id, bundle_id)
    values ($1, $2, $3, $4, $5, $6)
    on conflict (tenant, project, conversation_id) do update set last_activity_at = now()
      where c.user_id = excluded.user_id and c.deleted_at is null
    returning c.bundle_id, c.title, (c.xmax = 0) as created`,
};

/** $1 tenant, $2 project, $3 user, $4 conversation, $5 title, $6 pinned, $7 archived; null leaves as it is. */
export const CHANGE_CONVERSATION = {
  name: 'conversation.change',
  text: `update conversation c set title = coalesce($5, c.title),
      title_source = case when $5::text is null then c.title_source else 'user' end,
      pinned = coalesce($6, c.pinned), archived = coalesce($7, c.archived)
    where ${VISIBLE} and c.user_id = $3 and c.conversation_id = $4
    returning ${ITEM}`,
};

/** $1 tenant, $2 project, $3 conversation, $4 title, $5 source. A weaker source never replaces a stronger one's title. */
export const SUGGEST_TITLE = {
  name: 'conversation.suggestTitle',
  text: `update conversation c set title = $4, title_source = $5
    where ${VISIBLE} and c.conversation_id = $3
      and (c.title is null or c.title_source = 'message' or (c.title_source = 'bundle' and $5 = 'bundle'))
    returning c.title`,
};

/** $1 tenant, $2 project, $3 user, $4 conversation. Wipes what the user wrote into the row itself. */
export const MARK_DELETED = {
  name: 'conversation.markDeleted',
  text: `update conversation c set deleted_at = now(), title = null, title_source = null, pinned = false
    where ${VISIBLE} and c.user_id = $3 and c.conversation_id = $4
    returning c.session_id`,
};

/** $1 tenant, $2 project, $3 conversation. Only of a deleted conversation; feedback goes with its turn. */
export const REMOVE_CONTENTS = {
  name: 'conversation.removeContents',
  text: `with gone as (select 1 from conversation c
        where c.tenant = $1 and c.project = $2 and c.conversation_id = $3 and c.deleted_at is not null),
      files as (delete from file f using gone where f.tenant = $1 and f.project = $2 and f.conversation_id = $3 returning 1),
      turns as (delete from turn t using gone where t.tenant = $1 and t.project = $2 and t.conversation_id = $3 returning 1)
    select (select count(*) from turns) as turns, (select count(*) from files) as files`,
};

/** $1 tenant, $2 project, $3 limit. Deleted conversations whose contents are still there: a delete that died half way. */
export const LIST_UNREMOVED = {
  name: 'conversation.listUnremoved',
  text: `select c.conversation_id from conversation c where c.tenant = $1 and c.project = $2 and c.deleted_at is not null
      and exists (select 1 from turn t where t.tenant = $1 and t.project = $2 and t.conversation_id = c.conversation_id)
    order by c.deleted_at limit $3`,
};
