import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { fileTypeFromBuffer } from 'file-type';
import type { HostFile, HostOutput } from '../predictor.ts';
import { replaceAt } from '../input-schema.ts';
import type { Outbound } from './outbound.ts';

export interface OutputFilesParts {
  readonly outbound: Outbound;
  readonly transferMs: number;
  /** The operator's; without it files become data URIs. */
  readonly uploadUrl: string | undefined;
  readonly uploadToken: string | undefined;
}

export interface OutputFor {
  readonly predictionId: string;
  /** The client's own place for files. */
  readonly prefix: string | undefined;
  readonly signal: AbortSignal;
}

/** A file of an output could not be handed on: its prediction fails. */
export class UploadFailed extends Error {
  override readonly name = 'UploadFailed';
}

/** Puts the address of each file in its place: a data URI, or where it was uploaded. Files are closed in any case. */
export async function placeOutputFiles(
  { value, files }: HostOutput,
  parts: OutputFilesParts,
  target: OutputFor,
): Promise<unknown> {
  let placed = value;
  try {
    for (const [pointer, file] of files)
      placed = replaceAt(placed, pointer, await addressOf(file, parts, target));
    return placed;
  } finally {
    await Promise.all([...files.values()].map((file) => file.close()));
  }
}

async function addressOf(file: HostFile, parts: OutputFilesParts, target: OutputFor): Promise<string> {
  // Read whole: its type is in its content, and both ways need its length.
  const bytes = await buffer(Readable.from(file.bytes()));
  const type = await typeOf(bytes, file.name);
  const base = target.prefix ?? parts.uploadUrl;
  if (base === undefined) return `data:${type};base64,${bytes.toString('base64')}`;
  return upload(base, file.name, bytes, type, parts, target);
}

async function upload(
  base: string,
  name: string,
  bytes: Uint8Array,
  type: string,
  { outbound, transferMs, uploadUrl, uploadToken }: OutputFilesParts,
  { predictionId, prefix, signal }: OutputFor,
): Promise<string> {
  const url = new URL(`${base.endsWith('/') ? base : `${base}/`}${encodeURIComponent(name)}`);
  const isOperators = prefix === undefined || prefix === uploadUrl;
  try {
    const answer = await outbound.send(url, {
      method: 'PUT',
      body: bytes,
      headers: {
        'Content-Type': type,
        'Content-Length': String(bytes.byteLength),
        'X-Prediction-ID': predictionId,
        // The operator's token is for the operator's server.
        ...(uploadToken === undefined || !isOperators ? {} : { Authorization: `Bearer ${uploadToken}` }),
      },
      signal: AbortSignal.any([signal, AbortSignal.timeout(transferMs)]),
      isTrusted: isOperators,
    });
    answer.body.resume();
    if (answer.status < 200 || answer.status > 299) throw new UploadFailed(`the answer is ${answer.status}`);
    const { location } = answer.headers;
    return location === undefined ? url.href : new URL(location, url).href;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UploadFailed(`failed to upload the output file ${name}: ${why}`, { cause: error });
  }
}

/** By extension, where content tells nothing: text has no signature. */
const BY_EXTENSION: Readonly<Record<string, string>> = {
  txt: 'text/plain',
  md: 'text/markdown',
  csv: 'text/csv',
  html: 'text/html',
  json: 'application/json',
  jsonl: 'application/x-ndjson',
  svg: 'image/svg+xml',
};

async function typeOf(bytes: Uint8Array, name: string): Promise<string> {
  const sniffed = await fileTypeFromBuffer(bytes);
  if (sniffed !== undefined) return sniffed.mime;
  const extension = name.slice(name.lastIndexOf('.') + 1).toLowerCase();
  return BY_EXTENSION[extension] ?? 'application/octet-stream';
}
