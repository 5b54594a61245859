import { readFileSync } from 'node:fs';
import path from 'node:path';

export const MASK = '**********';

/** A file of this machine. As input it lies in a folder that is removed after the call; as output it must lie in `ctx.scratchDir`. */
export class PredictorFile {
  readonly path: string;
  /** As the client calls it. */
  readonly name: string;

  constructor(file: string, name = path.basename(file)) {
    this.path = file;
    this.name = name;
  }

  bytes(): Uint8Array {
    return readFileSync(this.path);
  }

  text(): string {
    return readFileSync(this.path, 'utf8');
  }
}

export function isPredictorFile(value: unknown): boolean {
  return value instanceof PredictorFile;
}

/** A file that `predict` wrote, as its output or a part of it. Only these are sent as files: a text that looks like a path is a text. */
export function outputFile(file: string, name?: string): PredictorFile {
  return new PredictorFile(file, name);
}

/** A value that prints as asterisks everywhere. */
export class SecretText {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The value itself. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return MASK;
  }

  toJSON(): string {
    return MASK;
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return MASK;
  }
}

export function makeSecret(value: string): SecretText {
  return new SecretText(value);
}
