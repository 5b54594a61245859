import { StringDecoder } from 'node:string_decoder';
import type { RunEvent } from '@switchyard/protocol';

type StreamName = 'stdout' | 'stderr';

export interface GateParts {
  readonly maxBytes: number;
  readonly send: (event: RunEvent) => Promise<void>;
  /** Once, when the bound is reached. */
  readonly full: () => void;
}

/** What a program prints, as text and within a bound for both of its streams together; behind the bound stands a mark, then nothing. */
export class OutputGate {
  readonly #parts: GateParts;
  readonly #decoders: Record<StreamName, StringDecoder> = {
    stdout: new StringDecoder('utf8'),
    stderr: new StringDecoder('utf8'),
  };
  #left: number;

  constructor(parts: GateParts) {
    this.#parts = parts;
    this.#left = parts.maxBytes;
  }

  async take(stream: StreamName, chunk: Buffer): Promise<void> {
    if (this.#left < 0) return;
    const kept = chunk.subarray(0, this.#left);
    this.#left -= chunk.length;
    // A character that was cut by the end of a chunk comes with the next one.
    await this.#say(stream, this.#decoders[stream].write(kept));
    if (this.#left >= 0) return;
    this.#parts.full();
    await this.#say(stream, `\n[cut: a program may print ${this.#parts.maxBytes} bytes]\n`);
  }

  /** What was left of a character that never came whole. */
  async end(): Promise<void> {
    if (this.#left < 0) return;
    for (const stream of ['stdout', 'stderr'] as const) await this.#say(stream, this.#decoders[stream].end());
  }

  async #say(stream: StreamName, text: string): Promise<void> {
    if (text !== '') await this.#parts.send({ type: 'output', stream, text });
  }
}
