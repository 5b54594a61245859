import { PlatformError } from '@switchyard/kernel';

const CONNECTION_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
]);
// The driver reports these without a code.
const CONNECTION_TEXT =
  /connection terminated|timeout exceeded when trying to connect|connection is closed|not queryable|connection error/i;

/** The SQLSTATE, or the socket's code, of an error; undefined for anything else. */
export function sqlState(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** Postgres is away, starting, stopping or full: the statement may or may not have been run. Trying again later can help. */
export function isUnavailable(error: unknown): boolean {
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.every(isUnavailable);
  const code = sqlState(error);
  if (code === undefined) return error instanceof Error && CONNECTION_TEXT.test(error.message);
  // 08 connection, 53 resources (disk full, too many connections), 57P0x shutdown and "starting up", 25006 read-only standby.
  return (
    code === 'UNAVAILABLE' || CONNECTION_CODES.has(code) || /^(08|53|57P0)/.test(code) || code === '25006'
  );
}

/** A text with NUL, as text and within JSON: Postgres keeps none, and only what came from outside has one. */
const UNSTORABLE = new Set(['22021', '22P05']);

/**
 * What the rest of the house hears of it: UNAVAILABLE, 503 with Retry-After, or INVALID_REQUEST for a character that cannot be kept; the
 * driver's words as cause. Other errors as they are.
 */
export function toStoreError(error: unknown): unknown {
  if (error instanceof PlatformError) return error;
  if (UNSTORABLE.has(sqlState(error) ?? ''))
    return PlatformError.of('INVALID_REQUEST', 'A text holds a character that cannot be kept.', {
      cause: error,
    });
  if (!isUnavailable(error)) return error;
  return PlatformError.of('UNAVAILABLE', undefined, { cause: error, retryAfterSec: 2 });
}

/** Two transactions met (deadlock, serialization): nothing was written; running it again is right. */
export function isTransient(error: unknown): boolean {
  const code = sqlState(error);
  return code === '40001' || code === '40P01' || code === '55P03';
}

export function isUniqueViolation(error: unknown): boolean {
  return sqlState(error) === '23505';
}
