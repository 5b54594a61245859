export { platformTest } from './platform-test.ts';
export { createTestDatabase, postgresTest } from './postgres-test.ts';
export type { PostgresFixture } from './postgres-test.ts';
export { redisCommand } from './redis-command.ts';
export { redisTest } from './redis-test.ts';
export type { PrivateRedis, RedisFixture } from './redis-test.ts';
export { uniqueName } from './unique-name.ts';
