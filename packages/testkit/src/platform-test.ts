import { postgresFixture } from './postgres-test.ts';
import type { PostgresFixture } from './postgres-test.ts';
import { redisTest } from './redis-test.ts';

/** Test with both `redis` and `postgres`. */
export const platformTest = redisTest.extend<{ postgres: PostgresFixture }>(postgresFixture);
