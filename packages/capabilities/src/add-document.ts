import { hashHex } from '@switchyard/kernel';
import type { Documents } from '@switchyard/store';
import { splitMarkdown } from './split-markdown.ts';

export interface MarkdownDocument {
  collection: string;
  path: string;
  /** Markdown; plain text is markdown too. */
  text: string;
  /** Of the text's bytes. */
  sha256: string;
}

/** Changes when the same text would be divided otherwise, so that an upgrade indexes everything again. */
const SPLIT_VERSION = '1';

export function contentHash(sha256: string): string {
  return hashHex(`${SPLIT_VERSION}:${sha256}`);
}

/** Divides a document into passages and stores them, in the place of what its path held. False: this content was already there. */
export function addDocument(
  documents: Pick<Documents, 'upsert'>,
  { collection, path, text, sha256 }: MarkdownDocument,
): Promise<boolean> {
  const { title, passages } = splitMarkdown(text, path);
  return documents.upsert({ collection, path, title, sha256: contentHash(sha256), passages });
}
