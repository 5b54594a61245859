import type { Duplex } from 'node:stream';
import { FRAME, HEADER_BYTES, MAX_FRAME_BYTES, putHeader } from './byte-frames.ts';
import { BytePipe } from './byte-pipe.ts';
import type { BytePipeOptions } from './byte-pipe.ts';
import { FrameSplitter } from './frame-splitter.ts';
import { JsonChannel } from './json-channel.ts';
import type { JsonChannelOptions } from './json-channel.ts';

export interface HostWireOptions<In>
  extends Omit<JsonChannelOptions<In>, 'write'>, Omit<BytePipeOptions, 'write'> {
  readonly socket: Duplex;
  /** The other side does not keep to the rules. Neither channel nor pipe is of use after it. */
  onBroken(error: Error): void;
}

/**
 * One side of the one socket between proc and a host: the host channel and the byte pipe, in frames of their own. One socket,
 * because Node's permission model (26.12 and later) lets a process open no socket but on its descriptors 0 to 2, and 1 and 2 are
 * what a bundle's libraries write to.
 */
export class HostWire<In, Out extends object> {
  readonly channel: JsonChannel<In, Out>;
  readonly pipe: BytePipe;
  readonly #socket: Duplex;

  constructor(options: HostWireOptions<In>) {
    const { socket } = options;
    this.#socket = socket;
    this.channel = new JsonChannel({ ...options, write: (text, written) => this.#writeText(text, written) });
    this.pipe = new BytePipe({ ...options, write: (type, id, body) => this.#writeFrame(type, id, body) });
    const splitter = new FrameSplitter((type, id, body) => {
      if (type === FRAME.messages) this.channel.take(body);
      else this.pipe.take(type, id, body);
    });
    socket.on('close', () => this.pipe.close(new Error('the other side is gone')));
    socket.on('data', (chunk: Buffer) => {
      try {
        splitter.push(chunk);
      } catch (error) {
        const broken = error instanceof Error ? error : new Error(String(error));
        socket.removeAllListeners('data').resume();
        this.pipe.close(broken);
        options.onBroken(broken);
      }
    });
  }

  get isOpen(): boolean {
    return this.#socket.writable;
  }

  /** Lines may be longer than a frame: cut, never held back until the other side has all of them. */
  #writeText(text: string, written: () => void): void {
    if (!this.isOpen) return written();
    const length = Buffer.byteLength(text);
    const frames = Math.ceil(length / MAX_FRAME_BYTES);
    if (frames === 1) {
      const whole = Buffer.allocUnsafe(HEADER_BYTES + length);
      putHeader(whole, 0, { type: FRAME.messages, id: 0, length });
      whole.write(text, HEADER_BYTES);
      this.#socket.write(whole, written);
      return;
    }
    const body = Buffer.from(text);
    this.#socket.cork();
    for (let at = 0; at < length; at += MAX_FRAME_BYTES) {
      const part = body.subarray(at, at + MAX_FRAME_BYTES);
      const header = Buffer.allocUnsafe(HEADER_BYTES);
      putHeader(header, 0, { type: FRAME.messages, id: 0, length: part.length });
      this.#socket.write(header);
      this.#socket.write(part, at + MAX_FRAME_BYTES >= length ? written : undefined);
    }
    this.#socket.uncork();
  }

  #writeFrame(type: number, id: number, body: Uint8Array): void {
    if (!this.isOpen) return;
    const whole = Buffer.allocUnsafe(HEADER_BYTES + body.byteLength);
    putHeader(whole, 0, { type, id, length: body.byteLength });
    // Copied: the source may write into its chunk again while the socket still holds it.
    whole.set(body, HEADER_BYTES);
    this.#socket.write(whole);
  }
}
