import type { Documents } from '@switchyard/store';
import { z } from 'zod';
import { defineMethod } from './capability.ts';
import type { Capability } from './capability.ts';

/** The collection that the platform's own documentation is in. Its folder decides what it holds. */
export const DOCS_COLLECTION = 'docs';
/** Where documents go that an admin adds without naming a collection. A search without a collection finds them too. */
export const ADDED_COLLECTION = 'added';

const MAX_QUERY_CHARACTERS = 2_000;
const MAX_HITS = 50;

const searchArgs = z.tuple([
  z.string().max(MAX_QUERY_CHARACTERS),
  z
    .strictObject({
      limit: z.number().int().min(1).max(MAX_HITS).default(10),
      collection: z.string().min(1).max(128).default(DOCS_COLLECTION),
    })
    .prefault({}),
]);

/** A passage as a bundle gets it. `headline` has the matches between `**`. */
export interface FoundPassage {
  title: string;
  path: string;
  heading: string;
  anchor: string;
  text: string;
  score: number;
  headline: string;
}

function collectionsOf(collection: string): string[] {
  return collection === DOCS_COLLECTION ? [DOCS_COLLECTION, ADDED_COLLECTION] : [collection];
}

/** Full-text search over the documents that the platform was given. Reads only. */
export function createDocumentsCapability(documents: Pick<Documents, 'search'>): Capability {
  return {
    name: 'documents',
    methods: {
      search: defineMethod(
        searchArgs,
        async (_caller, [query, { limit, collection }]): Promise<FoundPassage[]> => {
          const hits = await documents.search(collectionsOf(collection), query, limit);
          return hits.map(({ title, path, heading, anchor, text, score, headline }) => ({
            title,
            path,
            heading,
            anchor,
            text,
            score,
            headline,
          }));
        },
      ),
    },
  };
}
