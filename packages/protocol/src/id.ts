import { z } from 'zod';

/** Every id that may enter a Redis key or a path (02, Names). */
export const ID_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,127}$/;

export const idSchema = z
  .string()
  .regex(ID_PATTERN, 'must be 1 to 128 of A-Z a-z 0-9 . _ @ - and start with a letter or digit');

export function isId(value: unknown): value is string {
  return typeof value === 'string' && ID_PATTERN.test(value);
}

/**
 * The name of a stream: enters no key and no path. A Socket.IO id plays one as well (03 §5), and those begin with `-` or `_` one
 * time in 32, so the rule of the other ids would refuse every 32nd socket its messages.
 */
export const STREAM_ID_PATTERN = /^[\w-][\w.@-]{0,127}$/;

export const streamIdSchema = z.string().regex(STREAM_ID_PATTERN, 'must be 1 to 128 of A-Z a-z 0-9 . _ @ -');

export function isStreamId(value: unknown): value is string {
  return typeof value === 'string' && STREAM_ID_PATTERN.test(value);
}

/** The two halves of every scope. */
export interface TenantProject {
  readonly tenant: string;
  readonly project: string;
}
