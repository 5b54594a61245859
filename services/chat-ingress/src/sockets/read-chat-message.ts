import { PlatformError } from '@switchyard/kernel';
import type { RawFile } from '../submit/match-files.ts';

/** Answer to a Socket.IO event: called once, or not at all. */
export type SocketAck = (answer: unknown) => void;

/** Takes `(payload, ...buffers, ack)` apart as a client sent it: nothing about it is certain. */
export function readSocketArguments(parts: readonly unknown[]): { payload: unknown; files: RawFile[]; ack: SocketAck } {
  const last = parts.at(-1);
  const ack: SocketAck = typeof last === 'function' ? (last as SocketAck) : () => undefined;
  const [payload, ...rest] = typeof last === 'function' ? parts.slice(0, -1) : parts;
  const files = rest.map((part) => {
    if (!(part instanceof Uint8Array)) throw PlatformError.of('INVALID_REQUEST', 'files: must be binary');
    return { filename: '', mime: '', bytes: Buffer.from(part.buffer, part.byteOffset, part.byteLength) };
  });
  return { payload, files, ack };
}
