import type { Response } from 'express';
import type { RunEvent } from '@switchyard/protocol';

/** Ends what believes that silence is death, and finds out that nobody is there any more. */
const BEAT_MS = 10_000;
/** Who takes nothing for so long is gone: the program's place is others'. */
const STALL_MS = 60_000;

/** Events of a run as lines of JSON. The head goes out with the first one, so that a refusal can still be an answer of its own. */
export class LineWriter {
  readonly #res: Response;
  readonly #gone = new AbortController();
  #beat: NodeJS.Timeout | undefined;

  constructor(res: Response) {
    this.#res = res;
    res.once('close', () => {
      clearInterval(this.#beat);
      if (!res.writableFinished) this.#gone.abort(new Error('the client is gone'));
    });
  }

  /** Aborts when nobody reads any more. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** Resolves when the client can take more, or is gone. */
  async send(event: RunEvent): Promise<void> {
    this.#open();
    if (this.#res.write(`${JSON.stringify(event)}\n`) || this.#res.destroyed) return;
    await new Promise<void>((resolve) => {
      const stalled = setTimeout(() => this.#res.destroy(), STALL_MS);
      const done = (): void => {
        clearTimeout(stalled);
        this.#res.off('drain', done);
        this.#res.off('close', done);
        resolve();
      };
      this.#res.once('drain', done);
      this.#res.once('close', done);
    });
  }

  end(): void {
    clearInterval(this.#beat);
    this.#res.end();
  }

  #open(): void {
    if (this.#res.headersSent) return;
    this.#res.status(200).setHeader('Content-Type', 'application/x-ndjson');
    this.#res.setHeader('Cache-Control', 'no-store');
    this.#beat = setInterval(() => void this.#res.write('\n'), BEAT_MS);
    this.#beat.unref();
  }
}
