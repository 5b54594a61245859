import { PlatformError } from '@switchyard/kernel';
import type { BundleEvent, ChatTaskPayload, TurnRecord } from '@switchyard/protocol';
import type { ProducedFile } from '@switchyard/runner';
import type { BlobStore, Files } from '@switchyard/store';

export interface FileStores {
  readonly blobs: Pick<BlobStore, 'put'>;
  readonly files: Pick<Files, 'add'>;
}

/** One file of an answer, as history keeps it. */
export type AnswerFile = TurnRecord['files'][number];

type FileEvent = Extract<BundleEvent, { kind: 'file' }>;

const MIME_PATTERN = /^[a-z0-9][a-z0-9!#$&^_.+-]*\/[a-z0-9][a-z0-9!#$&^_.+-]*$/i;

/**
 * Stores a file that a bundle made, where ingress serves files of turns from: bytes first, then the row that holds them. `index` is
 * the file's place in the turn, which makes its id the same when a turn runs again.
 */
export async function storeFile(
  { blobs, files }: FileStores,
  payload: ChatTaskPayload,
  event: FileEvent,
  file: ProducedFile | undefined,
  index: number,
): Promise<AnswerFile> {
  if (file === undefined) throw PlatformError.of('BUNDLE_ERROR', 'The file of the answer was not opened.');
  const { sha256, size } = await blobs.put(file.bytes());
  const stored = { filename: cleanName(event.filename), mime: cleanMime(event.mime), size, sha256 };
  const { conversation_id: conversationId, turn_id: turnId, user } = payload;
  const owner = { conversationId, turnId, userId: user.user_id, direction: 'produced' as const };
  await files.add(`${turnId}-file-${index}`, owner, stored);
  return stored;
}

/** Of a path the last part; no characters that end a header or a line. */
function cleanName(filename: string): string {
  const last = filename.split(/[/\\]/u).at(-1) ?? '';
  const printable = last.replaceAll(/\p{Cc}/gu, '').trim();
  return printable === '' ? 'file' : printable;
}

function cleanMime(mime: string): string {
  return MIME_PATTERN.test(mime) ? mime.toLowerCase() : 'application/octet-stream';
}
