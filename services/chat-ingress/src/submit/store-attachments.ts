import { failpoint } from '@switchyard/kernel';
import { fileTypeFromBuffer } from 'file-type';
import type { Attachment } from '@switchyard/protocol';
import type { BlobStore, Files } from '@switchyard/store';
import { attachmentRefused } from './attachment-refused.ts';
import { decideAttachmentType, looksLikeText } from './attachment-type.ts';
import type { AttachmentKind } from './attachment-type.ts';
import type { MatchedFile } from './match-files.ts';

export interface AttachmentLimits {
  maxAttachments: number;
  maxImageBytes: number;
  maxPdfBytes: number;
  maxFileBytes: number;
}

export interface AttachmentStores {
  blobs: BlobStore;
  files: Files;
}

/**
 * Looks into every file, then stores all of them content-addressed. Throws ATTACHMENT_REFUSED for the first bad one before
 * anything is stored; resolves when the bytes are on the disk for good, so a message may refer to them.
 */
export async function storeAttachments(
  files: readonly MatchedFile[],
  limits: AttachmentLimits,
  stores: AttachmentStores,
): Promise<Attachment[]> {
  if (files.length > limits.maxAttachments) {
    throw attachmentRefused(
      files[limits.maxAttachments]?.filename ?? '',
      'too_many',
      `At most ${limits.maxAttachments} files are allowed.`,
    );
  }
  const checked: { file: MatchedFile; filename: string; mime: string }[] = [];
  for (const file of files) checked.push(await checkFile(file, limits));
  const stored: Attachment[] = [];
  for (const { file, filename, mime } of checked) {
    const blob = await stores.blobs.put(file.bytes);
    failpoint('ingress.attachment.after-blob');
    await stores.files.touchBlob(blob);
    failpoint('ingress.attachment.after-touch');
    stored.push({
      filename,
      mime,
      size: blob.size,
      sha256: blob.sha256,
      ...(file.eventId === undefined ? {} : { event_id: file.eventId }),
    });
  }
  return stored;
}

async function checkFile(
  file: MatchedFile,
  limits: AttachmentLimits,
): Promise<{ file: MatchedFile; filename: string; mime: string }> {
  const filename = cleanFilename(file.filename);
  if (filename === '') throw attachmentRefused('(no name)', 'no_name', 'The file has no name.');
  if (file.bytes.length === 0) throw attachmentRefused(filename, 'empty', 'The file is empty.');
  const sniffed = await fileTypeFromBuffer(file.bytes);
  const decision = decideAttachmentType(file.mime, sniffed?.mime, looksLikeText(file.bytes));
  if ('refused' in decision) {
    throw attachmentRefused(
      filename,
      decision.refused,
      `The file says it is ${decision.claimed} but is ${decision.found}.`,
    );
  }
  const limit = limitOf(decision.kind, limits);
  if (file.bytes.length > limit) {
    throw attachmentRefused(
      filename,
      'too_large',
      `At most ${limit} bytes are allowed for this kind of file.`,
      { limit_bytes: limit },
    );
  }
  return { file, filename, mime: decision.mime };
}

function limitOf(kind: AttachmentKind, limits: AttachmentLimits): number {
  return { image: limits.maxImageBytes, pdf: limits.maxPdfBytes, file: limits.maxFileBytes }[kind];
}

/** The last part of a path, without control characters: a name to show and to offer for saving, never a path. */
export function cleanFilename(name: string): string {
  const last = name.split(/[/\\]/).at(-1) ?? '';
  const clean = last
    .toWellFormed()
    .replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, '')
    .trim();
  return clean === '.' || clean === '..' ? '' : Array.from(clean).slice(0, 200).join('');
}
