import type { TenantProject } from '@switchyard/protocol';
import { passageQueryValues, SEARCH_PASSAGES } from './passage-search-sql.ts';
import { cleanText } from './sql-values.ts';
import type { Sql } from './sql.ts';

export interface Passage {
  heading: string;
  /** Where in the document: the fragment of a link. */
  anchor: string;
  text: string;
}

export interface DocumentInput {
  collection: string;
  path: string;
  title: string;
  /** Of the document's content: the same one again changes nothing. */
  sha256: string;
  passages: readonly Passage[];
}

export interface PassageHit extends Passage {
  collection: string;
  path: string;
  title: string;
  ordinal: number;
  /** Matches between `**`; text, never HTML. */
  headline: string;
  /** 0..1: how much of what was asked occurs in the passage, rare words weighing more. Under 0.5 it is not an answer. */
  coverage: number;
  /** For order only. */
  score: number;
}

const UPSERT_DOCUMENT = {
  name: 'document.upsert',
  text: `insert into document as d (tenant, project, collection, path, title, sha256) values ($1, $2, $3, $4, $5, $6)
    on conflict (tenant, project, collection, path)
      do update set title = excluded.title, sha256 = excluded.sha256, updated_at = now()
      where d.sha256 <> excluded.sha256 or d.title <> excluded.title
    returning document_id`,
};
const DELETE_PASSAGES = {
  name: 'passage.deleteOfDocument',
  text: 'delete from passage where document_id = $1',
};
const INSERT_PASSAGES = {
  name: 'passage.insert',
  text: `insert into passage (document_id, ordinal, title, heading, anchor, text)
    select $1, p.ordinal, $2, p.heading, p.anchor, p.text
    from unnest($3::text[], $4::text[], $5::text[]) with ordinality as p (heading, anchor, text, ordinal)`,
};
const LIST_DOCUMENTS = {
  name: 'document.list',
  text: `select path, title, sha256 from document where tenant = $1 and project = $2 and collection = $3 order by path`,
};
const KEEP_ONLY = {
  name: 'document.keepOnly',
  text: `delete from document where tenant = $1 and project = $2 and collection = $3 and not (path = any($4)) returning path`,
};
const LIST_OUTSIDE = {
  name: 'document.listOutside',
  text: `select collection, path, title, updated_at from document
    where tenant = $1 and project = $2 and collection <> $3 and (collection, path) > ($4, $5)
    order by collection, path limit $6`,
};
const COUNT_OUTSIDE = {
  name: 'document.countOutside',
  text: 'select count(*)::int as count from document where tenant = $1 and project = $2 and collection <> $3',
};
const REMOVE_DOCUMENT = {
  name: 'document.remove',
  text: `delete from document where tenant = $1 and project = $2 and collection = $3 and path = $4 returning path`,
};

export interface DocumentRow {
  collection: string;
  path: string;
  title: string;
  updated_at: Date;
}

export type Documents = ReturnType<typeof createDocuments>;

/** Text that bundles may search, in collections. Several processes may index the same collection; the last content wins. */
export function createDocuments(sql: Sql, scope: TenantProject) {
  const { tenant, project } = scope;
  return {
    /** Writes the document and all its passages in one transaction. False: this content was already there. */
    upsert: (document: DocumentInput): Promise<boolean> =>
      sql.tx(async (tx) => {
        const title = cleanText(document.title);
        const head = [tenant, project, document.collection, document.path, title, document.sha256];
        const [row] = await tx.query<{ document_id: number }>({ ...UPSERT_DOCUMENT, values: head });
        if (row === undefined) return false;
        await tx.query({ ...DELETE_PASSAGES, values: [row.document_id] });
        const column = (name: keyof Passage) => document.passages.map((passage) => cleanText(passage[name]));
        await tx.query({
          ...INSERT_PASSAGES,
          values: [row.document_id, title, column('heading'), column('anchor'), column('text')],
        });
        return true;
      }),
    list: (collection: string) =>
      sql.query<{ path: string; title: string; sha256: string }>({
        ...LIST_DOCUMENTS,
        values: [tenant, project, collection],
      }),
    /** Removes the documents of a collection that are not among these paths; returns the removed paths. */
    async keepOnly(collection: string, paths: readonly string[]): Promise<string[]> {
      const values = [tenant, project, collection, paths];
      return (await sql.query<{ path: string }>({ ...KEEP_ONLY, values })).map((row) => row.path);
    },
    /** Those of every collection but one, by collection and path; `after` is the last one of the page before. */
    listOutside: (
      collection: string,
      after: Pick<DocumentRow, 'collection' | 'path'>,
      limit: number,
    ): Promise<DocumentRow[]> =>
      sql.query<DocumentRow>({
        ...LIST_OUTSIDE,
        values: [tenant, project, collection, after.collection, after.path, limit],
      }),
    async countOutside(collection: string): Promise<number> {
      const [row] = await sql.query<{ count: number }>({
        ...COUNT_OUTSIDE,
        values: [tenant, project, collection],
      });
      return row?.count ?? 0;
    },
    /** False: there was none. */
    async remove(collection: string, path: string): Promise<boolean> {
      const values = [tenant, project, collection, path];
      return (await sql.query({ ...REMOVE_DOCUMENT, values })).length > 0;
    },
    /** Passages that answer a question in plain words, best first; empty when nothing in them occurs anywhere. */
    search: (collections: readonly string[], question: string, limit: number): Promise<PassageHit[]> =>
      sql.query<PassageHit>({
        ...SEARCH_PASSAGES,
        values: [tenant, project, collections, ...passageQueryValues(question), limit],
      }),
  };
}
