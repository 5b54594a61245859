export const MAX_FRAME_BYTES = 32 * 1024;

export const FRAME = { data: 0, end: 1, failed: 2, credit: 3, cancel: 4 } as const;

/** Puts one frame of a stream on the pipe. */
export type WriteFrame = (type: number, body: Uint8Array) => void;
export const NOTHING = new Uint8Array(0);

/** The other side ended a stream before its end. */
export class StreamEndedError extends Error {
  override readonly name = 'StreamEndedError';
}
