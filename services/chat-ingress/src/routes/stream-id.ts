import type { Request } from 'express';
import { PlatformError } from '@switchyard/kernel';
import { HEADER, QUERY, streamIdSchema } from '@switchyard/protocol';

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
