import type { RedisOptions } from 'ioredis';

/** Options of the driver, without its other shapes of replies: everything here is written for one. */
export type DriverOptions = Omit<RedisOptions, 'replyMapping'>;
