import { LineSplitter } from './line-splitter.ts';
import { CHANNEL_VERSION } from './messages.ts';

export interface JsonChannelOptions<In> {
  /** `written`: the other side's end of the socket has it. */
  write(text: string, written: () => void): void;
  readonly maxMessageBytes: number;
  /** Checks what came; throws on anything that `onMessage` must not see. */
  read(message: { readonly kind: unknown }): In;
  onMessage(message: In): void;
}

/**
 * Nothing runs behind these that a busy loop could hold up before they are out, so they wait for the end of the loop's turn: at many calls at
 * once they go together, where each would be a system call of its own. Everything else (words of a turn, log lines, calls) leaves with its
 * tick, because the code that said it may not come back to the loop for long.
 */
const PATIENT: ReadonlySet<unknown> = new Set(['invoke', 'result']);
// Taken before a bundle can replace them.
const { queueMicrotask: soon, setImmediate: later } = globalThis;

/** One side of the host channel: lines of JSON. What is sent in one tick is one write. */
export class JsonChannel<In, Out extends { readonly kind: unknown; readonly parts?: unknown }> {
  readonly #options: JsonChannelOptions<In>;
  readonly #splitter: LineSplitter;
  #outbox = '';
  #isDue = false;
  #isDueLater = false;
  #unsent = 0;

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
    const line = `${JSON.stringify({ v: CHANNEL_VERSION, ...message })}\n`;
    // Three bytes are the most that one UTF-16 unit takes: most lines need no count.
    if (line.length * 3 > maxMessageBytes && Buffer.byteLength(line) > maxMessageBytes) {
      throw new RangeError(`a message is larger than ${maxMessageBytes} bytes`);
    }
    this.#outbox += line;
    // What announces a stream goes before its bytes, which do not wait.
    if (PATIENT.has(message.kind) && message.parts === undefined) this.#flushLater();
    else this.#flushSoon();
  }

  #flushSoon(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    soon(() => {
      this.#isDue = false;
      this.flush();
    });
  }

  #flushLater(): void {
    if (this.#isDue || this.#isDueLater) return;
    this.#isDueLater = true;
    later(() => {
      this.#isDueLater = false;
      this.flush();
    });
  }

  /** All that waits, in the order in which it was sent. */
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
