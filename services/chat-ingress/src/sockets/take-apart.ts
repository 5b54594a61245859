import { PlatformError } from '@switchyard/kernel';
import type { RawFile } from '../submit/match-files.ts';

export interface SocketArguments {
  payload: unknown;
  /** Throws INVALID_REQUEST when one of them is not binary. */
  files(): RawFile[];
  /** Answers the client, if it asked for an answer. */
  reply: ((answer: unknown) => void) | undefined;
}

/** Takes `(payload, ...buffers, ack)` apart as a client sent it: nothing about it is certain. */
export function takeApart(parts: readonly unknown[]): SocketArguments {
  const last = parts.at(-1);
  const reply = typeof last === 'function' ? (last as (answer: unknown) => void) : undefined;
  const [payload, ...rest] = reply === undefined ? parts : parts.slice(0, -1);
  return { payload, files: () => rest.map(toFile), reply };
}

/** Its name and type are in the attachment event that it belongs to. */
function toFile(part: unknown): RawFile {
  if (!(part instanceof Uint8Array))
    throw PlatformError.of('INVALID_REQUEST', 'files: must be binary', { details: { field: 'files' } });
  return { filename: '', mime: '', bytes: Buffer.from(part.buffer, part.byteOffset, part.byteLength) };
}
