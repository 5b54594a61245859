import type { IncomingMessage } from 'node:http';
import { PlatformError } from '@switchyard/kernel';
import type { ByteStream } from '@switchyard/protocol';

export interface BodyLimits {
  /** Up to this many bytes a body is given whole. */
  readonly bufferBytes: number;
  readonly maxBytes: number;
  /** Milliseconds without a byte of a body that is read whole. */
  readonly idleMs: number;
}

/** Bytes of bodies that are held at once; who gets none is told to come again. */
export class ByteBudget {
  #left: number;

  constructor(bytes: number) {
    this.#left = bytes;
  }

  take(bytes: number): void {
    if (bytes > this.#left) throw PlatformError.of('WEB_BUSY', undefined, { retryAfterSec: 5 });
    this.#left -= bytes;
  }

  give(bytes: number): void {
    this.#left += bytes;
  }
}

export function hasBody(req: Pick<IncomingMessage, 'headers'>): boolean {
  const { 'content-length': length, 'transfer-encoding': coding } = req.headers;
  return coding !== undefined || (length !== undefined && length !== '0');
}

/** Refuses by the announced length, before a byte is read. Throws TOO_LARGE. */
export function refuseTooLarge(req: Pick<IncomingMessage, 'headers'>, maxBytes: number): void {
  if (Number(req.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes);
}

/** The body as it comes, at the pace of its reader. Throws TOO_LARGE in the middle, which also reaches `onTooLarge`. */
export async function* streamBody(
  req: IncomingMessage,
  maxBytes: number,
  onTooLarge: (error: PlatformError) => void,
): AsyncGenerator<Uint8Array> {
  let read = 0;
  // Whoever stops reading has an answer all the same: the connection is not to be broken for that.
  for await (const chunk of req.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    read += chunk.length;
    if (read > maxBytes) {
      const error = tooLarge(maxBytes);
      onTooLarge(error);
      throw error;
    }
    yield chunk;
  }
}

export interface ReadBody {
  readonly body: Uint8Array | null;
  readonly stream?: ByteStream;
  /** The bytes that it held are free for others. */
  release(): void;
}

/** Whole up to the buffer's size; of a larger one what was read and what still comes, as one stream. Rejects WEB_BUSY when the budget is spent. */
export async function readBody(
  req: IncomingMessage,
  { bufferBytes, maxBytes, idleMs }: BodyLimits,
  budget: ByteBudget,
  onTooLarge: (error: PlatformError) => void,
): Promise<ReadBody> {
  let held = 0;
  const release = (): void => {
    budget.give(held);
    held = 0;
  };
  if (!hasBody(req)) return { body: null, release };
  const incoming = streamBody(req, maxBytes, onTooLarge);
  const announced = Number(req.headers['content-length'] ?? Number.NaN);
  if (announced > bufferBytes) return { body: null, stream: incoming, release };
  const chunks: Uint8Array[] = [];
  req.setTimeout(idleMs, () =>
    req.destroy(PlatformError.of('INVALID_REQUEST', 'The body of the request stopped coming.')),
  );
  try {
    for (;;) {
      const next = await incoming.next();
      if (next.done === true) return { body: Buffer.concat(chunks), release };
      budget.take(next.value.length);
      held += next.value.length;
      chunks.push(next.value);
      if (held > bufferBytes) return { body: null, stream: joined(chunks, incoming), release };
    }
  } catch (error) {
    release();
    throw error;
  } finally {
    req.setTimeout(0);
  }
}

async function* joined(first: readonly Uint8Array[], rest: ByteStream): AsyncGenerator<Uint8Array> {
  yield* first;
  yield* rest;
}

function tooLarge(limitBytes: number): PlatformError {
  return PlatformError.of('TOO_LARGE', 'The body is too large.', { details: { limit_bytes: limitBytes } });
}
