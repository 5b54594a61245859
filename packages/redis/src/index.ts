export { KEY_TABLE, createKeys } from './keys.ts';
export type { KeyName, Keys } from './keys.ts';
export { connectRedis } from './redis-connection.ts';
export type { RedisConnection, RedisKind, RedisOptions, ServerAnswer } from './redis-connection.ts';
export { openLibraryDriver } from './redis-driver.ts';
export type { DriverTarget } from './redis-driver.ts';
export { parseRedisUrl, redisUrlSetting } from './redis-url.ts';
export type { NodeAddress, RedisAddress } from './redis-url.ts';
export { checkRedis, decideRedisVerdict, requireSafeRedis } from './check-redis.ts';
export type { RedisSettings, RedisVerdict } from './check-redis.ts';
export { toRedisError } from './redis-error.ts';
export { loadScripts } from './load-scripts.ts';
export type {
  ScriptArguments,
  ScriptCall,
  ScriptLibrary,
  ScriptRunner,
  ScriptValue,
} from './load-scripts.ts';
export { createSubscriber } from './create-subscriber.ts';
export type { MessageListener, Subscriber } from './create-subscriber.ts';
