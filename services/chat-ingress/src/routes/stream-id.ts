import type { Request } from 'express';
import { PlatformError } from '@switchyard/kernel';
import { HEADER, QUERY } from '@switchyard/protocol';
import { z } from 'zod';

/** Names of streams enter no key. A Socket.IO id plays one as well, and may begin with `-` or `_`. */
export const streamIdSchema = z
  .string()
  .regex(/^[\w-][\w.@-]{0,127}$/, 'must be 1 to 128 of A-Z a-z 0-9 . _ @ -');

/** The stream that a call's events go to: `stream_id` of the query or `KDC-Stream-ID`. Throws INVALID_REQUEST for what is no id. */
export function streamIdOf(req: Pick<Request, 'query' | 'get'>): string | undefined {
  const given: unknown = req.query[QUERY.streamId] ?? req.get(HEADER.streamId);
  if (given === undefined || given === '') return undefined;
  const parsed = streamIdSchema.safeParse(given);
  if (!parsed.success)
    throw PlatformError.of('INVALID_REQUEST', 'stream_id: not a valid id', {
      details: { field: 'stream_id' },
    });
  return parsed.data;
}
