import type { Duplex } from 'node:stream';
import { LineSplitter } from './line-splitter.ts';
import { CHANNEL_VERSION } from './messages.ts';

export interface JsonChannelOptions<In> {
  readonly socket: Duplex;
  readonly maxMessageBytes: number;
  /** Checks what came; throws on anything that `onMessage` must not see. */
  read(message: { readonly kind: unknown }): In;
  onMessage(message: In): void;
  /** A line that is too long, no JSON, or of another version. The channel is of no use after it. */
  onBroken(error: Error): void;
}

/** One side of the host channel. What is sent in one tick is one write. */
export class JsonChannel<In, Out extends object> {
  readonly #socket: Duplex;
  readonly #maxMessageBytes: number;
  #outbox = '';

  constructor(options: JsonChannelOptions<In>) {
    this.#socket = options.socket;
    this.#maxMessageBytes = options.maxMessageBytes;
    const splitter = new LineSplitter(options.maxMessageBytes);
    this.#socket.on('data', (chunk: Buffer) => {
      try {
        for (const line of splitter.push(chunk)) options.onMessage(options.read(parse(line)));
      } catch (error) {
        this.#socket.removeAllListeners('data').resume();
        options.onBroken(error instanceof Error ? error : new Error(String(error)));
      }
    });
  }

  /** Throws TypeError on what is no JSON and RangeError on what the other side would refuse; nothing is sent then. */
  send(message: Out): void {
    const line = `${JSON.stringify({ v: CHANNEL_VERSION, ...message })}\n`;
    // Three bytes are the most that one UTF-16 unit takes: most lines need no count.
    if (line.length * 3 > this.#maxMessageBytes && Buffer.byteLength(line) > this.#maxMessageBytes) {
      throw new RangeError(`a message is larger than ${this.#maxMessageBytes} bytes`);
    }
    if (this.#outbox === '') queueMicrotask(() => this.flush());
    this.#outbox += line;
  }

  flush(): void {
    const batch = this.#outbox;
    this.#outbox = '';
    if (batch !== '' && this.#socket.writable) this.#socket.write(batch);
  }

  get isOpen(): boolean {
    return this.#socket.writable;
  }

  /** Bytes that the other side has not taken yet. */
  get backlogBytes(): number {
    return this.#socket.writableLength + this.#outbox.length;
  }
}

function parse(line: string): { readonly kind: unknown } {
  const message: unknown = JSON.parse(line);
  const isMessage = typeof message === 'object' && message !== null && 'kind' in message && 'v' in message;
  if (!isMessage || message.v !== CHANNEL_VERSION) throw new TypeError('not a message of the host channel');
  return message;
}
