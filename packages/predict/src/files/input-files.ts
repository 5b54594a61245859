import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { InputFile } from '../predictor.ts';
import type { FoundValue } from '../input-schema.ts';
import { TooLarge, downloadFile } from './download-file.ts';
import type { Outbound, OutboundAnswer } from './outbound.ts';

export interface InputFilesParts {
  readonly outbound: Outbound;
  readonly maxFileBytes: number;
  readonly transferMs: number;
}

/** The files of one input, in a folder of their own that `remove` takes away. */
export interface PlacedFiles {
  readonly files: readonly InputFile[];
  remove(): Promise<void>;
}

/** A client's mistake; the message is the prediction's error. */
export class BadInputFile extends Error {
  override readonly name = 'BadInputFile';
}

const NONE: PlacedFiles = { files: [], remove: async () => undefined };
const MAX_NAME_LENGTH = 100;

/**
 * Brings what a client sent for a file to this machine: data URIs are decoded, http(s) is downloaded, name and extension are kept,
 * status and size checked. Anything else is no file, least of all a path of this machine. Rejects BadInputFile, or the signal's reason.
 */
export async function placeInputFiles(
  found: readonly FoundValue[],
  parts: InputFilesParts & { readonly folder: string; readonly signal: AbortSignal },
): Promise<PlacedFiles> {
  if (found.length === 0) return NONE;
  await mkdir(parts.folder, { recursive: true });
  const root = await mkdtemp(path.join(parts.folder, 'inputs-'));
  const remove = () => rm(root, { recursive: true, force: true });
  try {
    const files: InputFile[] = [];
    for (const [at, { pointer, value }] of found.entries()) {
      // A folder for each: two inputs may have one name.
      const dir = path.join(root, String(at));
      await mkdir(dir);
      const name = value.startsWith('data:')
        ? await decode(value, dir, parts)
        : await download(value, dir, parts);
      files.push({ pointer, path: path.join(dir, name), name });
    }
    return { files, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

const DATA_URI = /^data:([^;,]*)((?:;[^;,]*)*),/u;

/** Of types that predictors tell by their name. Anything else has the subtype as its extension. */
const EXTENSIONS: Readonly<Record<string, string>> = {
  'text/plain': 'txt',
  'image/jpeg': 'jpg',
  'image/svg+xml': 'svg',
  'audio/mpeg': 'mp3',
  'audio/x-wav': 'wav',
  'application/octet-stream': 'bin',
  'video/quicktime': 'mov',
};

async function decode(uri: string, dir: string, { maxFileBytes }: InputFilesParts): Promise<string> {
  const match = DATA_URI.exec(uri);
  if (match === null) throw new BadInputFile('invalid input file: the data URI cannot be read');
  const [head, type = '', parameters = ''] = match;
  const payload = uri.slice(head.length);
  let bytes: Buffer;
  try {
    bytes = parameters.split(';').includes('base64')
      ? Buffer.from(payload, 'base64')
      : Buffer.from(decodeURIComponent(payload), 'utf8');
  } catch {
    throw new BadInputFile('invalid input file: the data URI cannot be read');
  }
  if (bytes.byteLength > maxFileBytes)
    throw new BadInputFile(`invalid input file: larger than ${maxFileBytes} bytes`);
  const media = type.trim().toLowerCase() || 'text/plain';
  const subtype = /^[a-z0-9.+-]+\/([a-z0-9]+)/u.exec(media)?.[1] ?? 'bin';
  const name = `file.${EXTENSIONS[media] ?? subtype}`;
  await writeFile(path.join(dir, name), bytes);
  return name;
}

async function download(
  text: string,
  dir: string,
  { outbound, maxFileBytes, transferMs, signal }: InputFilesParts & { readonly signal: AbortSignal },
): Promise<string> {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/u.test(url.protocol))
    throw new BadInputFile(`failed to normalize value ${JSON.stringify(text.slice(0, 200))} as Path`);
  const limited = AbortSignal.any([signal, AbortSignal.timeout(transferMs)]);
  try {
    const target = (answer: OutboundAnswer) => path.join(dir, nameOf(answer));
    return path.basename(
      await downloadFile(url, target, { outbound, maxBytes: maxFileBytes, signal: limited }),
    );
  } catch (error) {
    if (signal.aborted) throw error;
    const why = (error as Error).message;
    if (error instanceof TooLarge) throw new BadInputFile(`invalid input file: ${why}`, { cause: error });
    throw new BadInputFile(`failed to download ${text.slice(0, 200)}: ${why}`, { cause: error });
  }
}

/** The last part of the path, or what the answer calls it: only its letters, never a folder. */
function nameOf({ url, headers }: OutboundAnswer): string {
  const named = /filename="?([^";]+)"?/iu.exec(headers['content-disposition'] ?? '')?.[1];
  const last = decodeLast(url.pathname);
  const name = (named ?? last).replaceAll(/[^\p{L}\p{N}._ -]/gu, '_').replace(/^\.+/u, '');
  const extension = path.extname(name).slice(0, 20);
  const stem = name.slice(0, name.length - path.extname(name).length).slice(0, MAX_NAME_LENGTH);
  return stem === '' ? `file${extension}` : stem + extension;
}

function decodeLast(pathname: string): string {
  const last = pathname.slice(pathname.lastIndexOf('/') + 1);
  try {
    return decodeURIComponent(last);
  } catch {
    return last;
  }
}
