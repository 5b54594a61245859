import { LineSplitter } from './line-splitter.ts';
import { CHANNEL_VERSION } from './messages.ts';

export interface JsonChannelOptions<In> {
  /** `written`: the other side's end of the socket has it. */
  write(text: string, written: () => void): void;
  readonly maxMessageBytes: number;
  /**
   * When what was sent is written. `at-end-of-turn` of the event loop: for whoever never blocks it. `at-once-then-at-end-of-turn`: the
   * first of a turn goes in its tick, for a bundle may compute for a minute after it; what follows in that turn goes at its end.
   */
  readonly flushes: 'at-end-of-turn' | 'at-once-then-at-end-of-turn';
  /** Checks what came; throws on anything that `onMessage` must not see. */
  read(message: { readonly kind: unknown }): In;
  onMessage(message: In): void;
}

const VERSION = `{"v":${CHANNEL_VERSION},`;

/** As it was before a bundle could replace it. */
const atEndOfTurn = setImmediate;

/** One side of the host channel: lines of JSON. What is sent in one turn of the event loop is one write, or two; each wakes the other side. */
export class JsonChannel<In, Out extends object> {
  readonly #options: JsonChannelOptions<In>;
  readonly #splitter: LineSplitter;
  #outbox = '';
  #unsent = 0;
  #isGathering = false;

  constructor(options: JsonChannelOptions<In>) {
    this.#options = options;
    this.#splitter = new LineSplitter(options.maxMessageBytes);
  }

  /** Throws on a line that is too long, no JSON, or of another version: the channel is of no use after it. */
  take(chunk: Buffer): void {
    const { read, onMessage } = this.#options;
    for (const line of this.#splitter.push(chunk)) onMessage(read(parse(line)));
  }

  /** Throws TypeError on what is no JSON and RangeError on what the other side would refuse; nothing is sent then. */
  send(message: Out): void {
    const { maxMessageBytes } = this.#options;
    // The version in front of the message's own fields; each of them has some.
    const line = `${VERSION}${JSON.stringify(message).slice(1)}\n`;
    // Three bytes are the most that one UTF-16 unit takes: most lines need no count.
    if (line.length * 3 > maxMessageBytes && Buffer.byteLength(line) > maxMessageBytes) {
      throw new RangeError(`a message is larger than ${maxMessageBytes} bytes`);
    }
    this.#outbox += line;
    if (!this.#isGathering) this.#gather();
  }

  #gather(): void {
    this.#isGathering = true;
    if (this.#options.flushes === 'at-once-then-at-end-of-turn') queueMicrotask(() => this.flush());
    atEndOfTurn(() => {
      this.#isGathering = false;
      this.flush();
    });
  }

  flush(): void {
    const batch = this.#outbox;
    this.#outbox = '';
    if (batch === '') return;
    this.#unsent += batch.length;
    this.#options.write(batch, () => {
      this.#unsent -= batch.length;
    });
  }

  /** UTF-16 units that the other side has not taken yet. */
  get backlog(): number {
    return this.#unsent + this.#outbox.length;
  }
}

function parse(line: string): { readonly kind: unknown } {
  const message: unknown = JSON.parse(line);
  const isMessage = typeof message === 'object' && message !== null && 'kind' in message && 'v' in message;
  if (!isMessage || message.v !== CHANNEL_VERSION) throw new TypeError('not a message of the host channel');
  return message;
}
