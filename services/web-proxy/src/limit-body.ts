import type { IncomingMessage } from 'node:http';
import { Transform } from 'node:stream';

/** More than this many times the limit is not even read to its end: the connection is closed instead. */
const READ_TO_THE_END_FACTOR = 4;

/** Whether a body follows the head. */
export const hasBody = ({ headers }: Pick<IncomingMessage, 'headers'>): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;

export type LengthVerdict = 'fits' | 'too-large' | 'far-too-large';

/** What the announced length says; a chunked body announces none and is counted while it passes. */
export const decideLength = (contentLength: string | undefined, limitBytes: number): LengthVerdict => {
  const length = Number(contentLength ?? 0);
  if (length <= limitBytes) return 'fits';
  return length <= limitBytes * READ_TO_THE_END_FACTOR ? 'too-large' : 'far-too-large';
};

/** Passes a body on and calls `onExceeded` once, instead of passing more, when it grows over the limit. */
export const countBody = (
  request: IncomingMessage,
  limitBytes: number,
  onExceeded: () => void,
): Transform => {
  let passed = 0;
  const counter = new Transform({
    transform(chunk: Buffer, _encoding, next) {
      passed += chunk.length;
      if (passed <= limitBytes) return next(undefined, chunk);
      request.unpipe(counter);
      request.resume();
      onExceeded();
    },
  });
  // A client that goes away in mid-body: without this the counter, and the request behind it, would wait for ever.
  request.once('close', () => {
    if (!request.complete) counter.destroy();
  });
  counter.on('error', () => {});
  return request.pipe(counter);
};
