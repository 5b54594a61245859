import { operationResultSchema } from '@switchyard/protocol';
import type { ByteStream } from '@switchyard/protocol';

/**
 * Calls `release` when an answer is over: at once, or, where its body still streams, at the body's end, so that a switch of versions
 * leaves the one that streams alone. What is returned must be read to its end or be closed (`return()`).
 */
export function holdUntilRead(value: unknown, release: () => void): unknown {
  // A look that costs nothing before the schema, which most answers need only once, where they are read.
  const result = hasResponse(value) ? operationResultSchema.safeParse(value) : NONE;
  if (!result.success || !('response' in result.data)) {
    release();
    return value;
  }
  return { response: holdResponseUntilRead(result.data.response, release) };
}

/** The same of a request of a site, whose answer is the response itself; what is none is for its reader to refuse. */
export function holdResponseUntilRead(value: unknown, release: () => void): unknown {
  const answer = typeof value === 'object' && value !== null && 'body' in value ? value : { body: null };
  const { body } = answer;
  const isStream = typeof body === 'object' && body !== null && Symbol.asyncIterator in body;
  if (isStream) return { ...answer, body: watched(body as ByteStream, release) };
  release();
  return value;
}

const NONE = { success: false } as const;

function hasResponse(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'response' in value;
}

function watched(body: ByteStream, release: () => void): ByteStream {
  return {
    [Symbol.asyncIterator]() {
      const inner = body[Symbol.asyncIterator]();
      let isOver = false;
      const end = (): void => {
        if (isOver) return;
        isOver = true;
        release();
      };
      return {
        async next() {
          try {
            const next = await inner.next();
            if (next.done === true) end();
            return next;
          } catch (error) {
            end();
            throw error;
          }
        },
        async return() {
          end();
          await inner.return?.();
          return { done: true, value: undefined };
        },
      };
    },
  };
}
