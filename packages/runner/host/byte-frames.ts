export const MAX_FRAME_BYTES = 32 * 1024;

/** `messages` is the host channel (id 0); all others are of the byte pipe's stream `id`. */
export const FRAME = { data: 0, end: 1, failed: 2, credit: 3, cancel: 4, messages: 5 } as const;

/** Puts one frame of a stream on the pipe. */
export type WriteFrame = (type: number, body: Uint8Array) => void;
export const NOTHING = new Uint8Array(0);

/** The other side ended a stream before its end. */
export class StreamEndedError extends Error {
  override readonly name = 'StreamEndedError';
}

/** type, stream id, length. */
export const HEADER_BYTES = 9;

/** Writes a header at `at`; the body belongs behind it. */
export function putHeader(
  into: Buffer,
  at: number,
  frame: { type: number; id: number; length: number },
): void {
  into[at] = frame.type;
  into.writeUInt32BE(frame.id, at + 1);
  into.writeUInt32BE(frame.length, at + 5);
}
