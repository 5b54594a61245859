import { HEADER_BYTES, MAX_FRAME_BYTES } from './byte-frames.ts';

/** `body` is a view of what came in, good until the next `push`. */
export type TakeFrame = (type: number, id: number, body: Buffer) => void;

/** Cuts a byte stream into frames. Throws RangeError on one beyond `MAX_FRAME_BYTES`: bounded whatever the other side writes. */
export class FrameSplitter {
  readonly #take: TakeFrame;
  #pending: Buffer = Buffer.alloc(0);

  constructor(take: TakeFrame) {
    this.#take = take;
  }

  push(chunk: Buffer): void {
    const bytes = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    let at = 0;
    while (bytes.length - at >= HEADER_BYTES) {
      const length = bytes.readUInt32BE(at + 5);
      if (length > MAX_FRAME_BYTES) throw new RangeError('a frame is too long');
      const end = at + HEADER_BYTES + length;
      if (bytes.length < end) break;
      this.#take(bytes[at] ?? -1, bytes.readUInt32BE(at + 1), bytes.subarray(at + HEADER_BYTES, end));
      at = end;
    }
    this.#pending = bytes.subarray(at);
  }
}
