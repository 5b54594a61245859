export interface SourceBounds {
  readonly maxSourceFiles: number;
  /** Unpacked, all of it. */
  readonly maxSourceBytes: number;
}

/** A source that cannot be used; the message is for whoever named it. */
export class SourceRefused extends Error {
  override readonly name = 'SourceRefused';
}

/** Counts what a source brings, before it is written. */
export class SourceBudget {
  readonly #bounds: SourceBounds;
  #entries = 0;
  #bytes = 0;

  constructor(bounds: SourceBounds) {
    this.#bounds = bounds;
  }

  /** Throws SourceRefused over a bound. */
  entry(shown: string, bytes: number): void {
    this.#entries += 1;
    this.#bytes += bytes;
    const { maxSourceFiles, maxSourceBytes } = this.#bounds;
    if (this.#entries > maxSourceFiles) throw new SourceRefused(`it holds more than ${maxSourceFiles} files`);
    if (this.#bytes > maxSourceBytes)
      throw new SourceRefused(`it unpacks to more than ${maxSourceBytes} bytes (${shown})`);
  }
}
