import { toRedisError } from '@switchyard/redis';

/** A Redis that is away or full becomes UNAVAILABLE (503), so that nobody takes it for "not signed in". */
export async function fromRedis<T>(reply: Promise<T>): Promise<T> {
  try {
    return await reply;
  } catch (error) {
    throw toRedisError(error);
  }
}
