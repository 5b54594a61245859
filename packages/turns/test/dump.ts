import type { Stage } from './stage.ts';

/** Everything of the scope with its content: for tests that show that nothing was written. */
export async function dump({ redis, keys }: Stage): Promise<[key: string, content: string][]> {
  const found = (await redis.driver.keys(`${keys.prefix}:*`)).toSorted((a, b) => a.localeCompare(b));
  return Promise.all(
    found.map(async (key) => [key, (await redis.driver.dump(key)) ?? ''] as [string, string]),
  );
}
