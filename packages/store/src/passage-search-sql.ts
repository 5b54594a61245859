import { splitSearchTerms } from './search-terms.ts';

/** $4 and $5 of the statement below: what was typed, and its words. */
export function passageQueryValues(question: string): [typed: string, words: string[]] {
  const { typed, words } = splitSearchTerms(question);
  return [typed, words];
}

/**
 * $1 tenant, $2 project, $3 collections, $4 typed, $5 words, $6 limit.
 *
 * A natural question rarely has all of its words in one passage, so any word may match, and what decides is how much of the
 * question a passage covers. Words weigh by rarity (ln(1 + passages / passages with it)), so a passage that only shares a
 * common word with the question covers little of it. A word that occurs nowhere weighs like one that occurs once: it says
 * that the question is about something else. Such a word is tried once more as the beginning of longer ones.
 */
export const SEARCH_PASSAGES = {
  name: 'passage.search',
  text: `with source as materialized (
      select document_id, collection, path, title from document where tenant = $1 and project = $2 and collection = any($3)),
    total as (select count(*) as n from passage where document_id in (select document_id from source)),
    word as (
      select w.word, to_tsquery('english', w.word) as exact,
        case when length(w.word) >= 3 then to_tsquery('english', w.word || ':*') else to_tsquery('english', w.word) end as begins
      from unnest($5::text[]) as w (word)),
    counted as (
      select word, exact, begins, (select count(*) from passage p
        where p.search @@ word.exact and p.document_id in (select document_id from source)) as n
      from word where numnode(exact) > 0),
    term as materialized (
      select case when c.n > 0 then c.exact else c.begins end as q,
        ln(1 + total.n::float8 / greatest(1, case when c.n > 0 then c.n else (select count(*) from passage p
          where p.search @@ c.begins and p.document_id in (select document_id from source)) end)) as weight
      from counted c cross join total where total.n > 0),
    asked as (select string_agg(q::text, ' | ')::tsquery as any_word, sum(weight) as weight,
        websearch_to_tsquery('english', $4) as typed from term),
    candidate as (
      select s.collection, s.path, s.title, p.ordinal, p.heading, p.anchor, p.text, asked.any_word,
        (select coalesce(sum(term.weight), 0) from term where p.search @@ term.q) / asked.weight as coverage,
        ts_rank_cd(p.search, asked.any_word, 1 | 32)::float8 as rank,
        (p.search @@ asked.typed)::int as is_exact
      from asked join passage p on p.search @@ asked.any_word
      join source s on s.document_id = p.document_id where asked.weight > 0),
    best as (
      select *, coverage + 0.5 * rank + 0.2 * is_exact as score from candidate
      order by score desc, path, ordinal limit $6)
    select collection, path, title, ordinal, heading, anchor, text, coverage, score,
      ts_headline('english', text, any_word,
        'StartSel=**, StopSel=**, MaxFragments=2, MinWords=8, MaxWords=30, FragmentDelimiter=" … "') as headline
    from best order by score desc, path, ordinal`,
};
