import type { SearchAnswer, TenantProject } from '@switchyard/protocol';
import type { Conversations } from './conversations.ts';
import { prefixQuery, splitSearchTerms } from './search-terms.ts';
import type { Sql } from './sql.ts';
import { isoText } from './iso-text.ts';

type Hit = SearchAnswer['hits'][number];

// $4 what was typed, $5 the words as a to_tsquery text. The headline is made only for the rows that are returned.
const QUERY = `(select websearch_to_tsquery('english', $4) || to_tsquery('english', $5) as q)`;
const HEADLINE = `'StartSel=**, StopSel=**, MaxFragments=2, MinWords=6, MaxWords=24, FragmentDelimiter=" … "'`;

const SEARCH_TURNS = {
  name: 'turn.search',
  text: `select hit.conversation_id, hit.turn_id, hit.title, hit.score, ${isoText('hit.created_at')} as created_at,
      ts_headline('english', left(concat_ws(E'\\n', nullif(hit.text, ''), hit.answer_text), 132000), hit.q, ${HEADLINE}) as snippet
    from (select t.conversation_id, t.turn_id, c.title, t.text, t.answer_text, t.created_at, t.seq, query.q,
          ts_rank_cd(t.search, query.q, 1)::float8 as score
        from turn t cross join ${QUERY} query
        join conversation c on c.tenant = t.tenant and c.project = t.project and c.conversation_id = t.conversation_id
        where t.tenant = $1 and t.project = $2 and t.user_id = $3 and c.user_id = $3 and c.deleted_at is null
          and t.ended_at is not null and t.search @@ query.q
        order by score desc, t.seq desc limit $6) hit
    order by hit.score desc, hit.seq desc`,
};

const SEARCH_TITLES = {
  name: 'conversation.searchTitles',
  text: `select c.conversation_id from conversation c cross join ${QUERY} query
    where c.tenant = $1 and c.project = $2 and c.user_id = $3 and c.deleted_at is null
      and to_tsvector('english', coalesce(c.title, '')) @@ query.q
    order by c.last_activity_at desc limit $6`,
};

export type TurnSearch = ReturnType<typeof createSearch>;

/** Full text over a user's own turns that are over, and titles. Matches are between `**` in the snippet, which is text and never HTML. */
export function createSearch(sql: Sql, scope: TenantProject, conversations: Conversations) {
  async function run(userId: string, typed: string, words: string, limit: number) {
    const values = [scope.tenant, scope.project, userId, typed, words, limit];
    const [hits, titles] = await Promise.all([
      sql.query<Hit>({ ...SEARCH_TURNS, values }),
      sql.query<{ conversation_id: string }>({ ...SEARCH_TITLES, values }),
    ]);
    return { hits, ids: [...new Set([...hits, ...titles].map((row) => row.conversation_id))] };
  }

  return {
    /** All words first (the last may be half typed); only where that finds nothing, any of them. */
    async search(userId: string, text: string, limit: number): Promise<SearchAnswer> {
      const { typed, words } = splitSearchTerms(text);
      let found = await run(userId, typed, prefixQuery(words, '&'), limit);
      if (found.ids.length === 0 && words.length > 1)
        found = await run(userId, '', prefixQuery(words, '|'), limit);
      const items = await conversations.listById(userId, found.ids);
      const order = new Map(found.ids.map((id, index) => [id, index]));
      items.sort((a, b) => (order.get(a.conversation_id) ?? 0) - (order.get(b.conversation_id) ?? 0));
      return { hits: found.hits, conversations: items };
    },
  };
}
