import { PlatformError } from '@switchyard/kernel';
import { isConnectionLost } from '@switchyard/redis';

/** A lost connection becomes UNAVAILABLE (503), so that nobody takes "Redis is away" for "not signed in". */
export async function fromRedis<T>(reply: Promise<T>): Promise<T> {
  try {
    return await reply;
  } catch (error) {
    if (isConnectionLost(error)) throw PlatformError.of('UNAVAILABLE', undefined, { cause: error });
    throw error;
  }
}
