import { createWriteStream } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { PlatformError } from '@switchyard/kernel';

/** Writes the body of a request to a file that is not there yet, at the pace of the disk. Rejects TOO_LARGE, announced or counted. */
export async function receiveBody(req: IncomingMessage, file: string, maxBytes: number): Promise<void> {
  if (Number(req.headers['content-length'] ?? 0) > maxBytes) {
    req.resume();
    throw tooLarge(maxBytes);
  }
  let total = 0;
  const counted = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      total += chunk.length;
      if (total <= maxBytes) done(null, chunk);
      else done(tooLarge(maxBytes));
    },
  });
  await pipeline(req, counted, createWriteStream(file, { flags: 'wx' }));
}

function tooLarge(limitBytes: number): PlatformError {
  return PlatformError.of('TOO_LARGE', 'The archive is too large.', { details: { limit_bytes: limitBytes } });
}
