import { ADDED_COLLECTION, DOCS_COLLECTION, addDocument } from '@switchyard/capabilities';
import { defineRoute } from '@switchyard/http';
import type { Audited, Route } from '@switchyard/http';
import { PlatformError, hashHex } from '@switchyard/kernel';
import { idSchema } from '@switchyard/protocol';
import type { Documents } from '@switchyard/store';
import { z } from 'zod';
import type { Guards } from '../caller-of.ts';

export interface DocumentRouteParts {
  guards: Guards;
  audited: Audited;
  documents: Pick<Documents, 'upsert' | 'listOutside' | 'countOutside' | 'remove'>;
  maxDocuments: number;
}

const PAGE = 500;
const PATH = '/admin/integrations/documents';
const collectionSchema = idSchema.default(ADDED_COLLECTION);
const pathSchema = z.string().trim().min(1).max(512);
const documentSchema = z.object({
  collection: z.string(),
  path: z.string(),
  title: z.string(),
  updated_at: z.string(),
});

/** Documents that an admin adds to those of the documentation, for bundles to search. */
export function createDocumentRoutes({
  guards,
  audited,
  documents,
  maxDocuments,
}: DocumentRouteParts): Route[] {
  const shared = { tag: 'administration', guard: 'admin', path: PATH } as const;
  return [
    defineRoute({
      ...shared,
      method: 'get',
      summary: 'Documents that were added, by collection and path',
      query: z.object({
        after_collection: z.string().max(128).default(''),
        after_path: z.string().max(512).default(''),
      }),
      answer: z.object({ documents: z.array(documentSchema), has_more: z.boolean() }),
      async handle({ query: { after_collection: collection, after_path: path }, req, res }) {
        await guards.admin(req, res);
        const rows = await documents.listOutside(DOCS_COLLECTION, { collection, path }, PAGE + 1);
        const listed = rows
          .slice(0, PAGE)
          .map((row) => ({ ...row, updated_at: row.updated_at.toISOString() }));
        return { documents: listed, has_more: rows.length > PAGE };
      },
    }),
    defineRoute({
      ...shared,
      method: 'post',
      summary: 'Add a document as markdown or text, or replace the one with the same path',
      body: z.strictObject({ collection: collectionSchema, path: pathSchema, text: z.string().min(1) }),
      answer: z.object({ status: z.enum(['ok', 'unchanged']), collection: z.string(), path: z.string() }),
      async handle({ body: { collection, path, text }, req, res }) {
        const caller = await guards.admin(req, res);
        requireOwn(collection);
        return audited({ caller, req, res }, 'document.add', `${collection}/${path}`, async () => {
          // A guard against floods, not a promise: two that add at the same time may both pass.
          if ((await documents.countOutside(DOCS_COLLECTION)) >= maxDocuments)
            throw PlatformError.of(
              'UNPROCESSABLE',
              `There are ${maxDocuments} documents already; remove some first.`,
            );
          const sha256 = hashHex(text);
          const isNew = await addDocument(documents, { collection, path, text, sha256 });
          const answer = { status: isNew ? 'ok' : 'unchanged', collection, path } as const;
          return { before: null, after: { sha256, characters: text.length }, answer };
        });
      },
    }),
    defineRoute({
      ...shared,
      method: 'delete',
      summary: 'Remove a document that was added',
      query: z.object({ collection: collectionSchema, path: pathSchema }),
      answer: z.object({ status: z.literal('removed') }),
      async handle({ query: { collection, path }, req, res }) {
        const caller = await guards.admin(req, res);
        requireOwn(collection);
        return audited({ caller, req, res }, 'document.remove', `${collection}/${path}`, async () => {
          if (!(await documents.remove(collection, path))) throw PlatformError.of('NOT_FOUND');
          return { before: { collection, path }, after: null, answer: { status: 'removed' } };
        });
      },
    }),
  ];
}

/** The folder of the documentation decides what its collection holds: an addition would be gone at the next start. */
function requireOwn(collection: string): void {
  if (collection === DOCS_COLLECTION)
    throw PlatformError.of('UNPROCESSABLE', `The collection "${DOCS_COLLECTION}" is what its folder holds.`);
}
