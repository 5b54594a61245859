import { PlatformError } from '@switchyard/kernel';
import { isConnectionLost } from './redis-connection.ts';

/** Refused before anything was done: no memory, no disk, too few replicas, or a script that does not end. */
const TAKES_NO_WRITES = /^(OOM|MISCONF|BUSY|NOREPLICAS)/;

/**
 * States of the server that pass are UNAVAILABLE (503), not defects; everything else stays as it is. With `details.reason`
 * `store_full` nothing was done at all; after a lost connection that is not known.
 */
export function toRedisError(error: unknown): unknown {
  if (isConnectionLost(error)) return PlatformError.of('UNAVAILABLE', undefined, { cause: error });
  if (error instanceof Error && reasonsOf(error).some((reason) => TAKES_NO_WRITES.test(reason))) {
    return PlatformError.of('UNAVAILABLE', 'redis takes no writes right now', {
      cause: error,
      details: { reason: 'store_full' },
      retryAfterSec: 5,
    });
  }
  return error;
}

/** A transaction (EXECABORT) was dropped for what its commands were refused for, none of which was done. */
function reasonsOf(error: Error): string[] {
  const { previousErrors = [] } = error as { previousErrors?: readonly Error[] };
  return [error.message, ...previousErrors.map(({ message }) => message)];
}
