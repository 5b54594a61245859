import type { ExternalEvent } from '@switchyard/protocol';
import { attachmentRefused } from './attachment-refused.ts';
import { isAttachment } from './normalise-submission.ts';

/** A file as it came in, before anybody looked inside. */
export interface RawFile {
  filename: string;
  /** What the client says it is. */
  mime: string;
  bytes: Buffer;
}

/** A file that belongs to an event of the message, or to the message as a whole. */
export interface MatchedFile extends RawFile {
  eventId?: string;
}

/**
 * File *i* belongs to the *i*-th `event.user.attachment*`, or to the one whose `file_index` says so (03 §4). A file without an
 * event where there are some, and an event without a file, are errors: nothing is skipped.
 */
export function matchFiles(events: readonly ExternalEvent[], files: readonly RawFile[]): MatchedFile[] {
  const attachments = events.filter(isAttachment);
  if (attachments.length === 0) return [...files];
  const taken = new Set<number>();
  const matched = attachments.map((event, position) => {
    const described = describe(event);
    const index = described.fileIndex ?? position;
    const file = files[index];
    const name = described.filename ?? `attachment ${position + 1}`;
    if (file === undefined) throw attachmentRefused(name, 'no_file', 'There is no file for this attachment.');
    if (taken.has(index))
      throw attachmentRefused(name, 'file_used_twice', 'Two attachments name the same file.');
    taken.add(index);
    return {
      filename: described.filename ?? file.filename,
      mime: described.mime ?? file.mime,
      bytes: file.bytes,
      ...(event.event_id === undefined ? {} : { eventId: event.event_id }),
    };
  });
  const left = files.findIndex((_file, index) => !taken.has(index));
  if (left >= 0)
    throw attachmentRefused(files[left]?.filename ?? '', 'no_event', 'No attachment event names this file.');
  return matched;
}

function describe(event: ExternalEvent): { filename?: string; mime?: string; fileIndex?: number } {
  const content: unknown = event.payload.event;
  if (typeof content !== 'object' || content === null) return {};
  const { filename, mime, file_index: fileIndex } = content as Record<string, unknown>;
  return {
    ...(typeof filename === 'string' && filename !== '' ? { filename } : {}),
    ...(typeof mime === 'string' && mime !== '' ? { mime } : {}),
    ...(typeof fileIndex === 'number' && Number.isInteger(fileIndex) && fileIndex >= 0 ? { fileIndex } : {}),
  };
}
