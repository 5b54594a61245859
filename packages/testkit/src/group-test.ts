import { platformTest } from './platform-test.ts';
import { startRedisGroup } from './redis-group.ts';
import type { RedisGroup } from './redis-group.ts';

/**
 * A test with `group`: servers that the whole file shares, whole again before each test. Its `redis` gives the scope only. To be
 * called at the top of a file.
 */
export const createGroupTest = (kind: RedisGroup['kind']) =>
  platformTest
    .extend<{ $file: { startedGroup: RedisGroup } }>({
      startedGroup: [
        async ({}, use) => {
          const { group, stop } = await startRedisGroup(kind);
          await use(group);
          await stop();
        },
        { scope: 'file' },
      ],
    })
    .extend<{ group: RedisGroup }>({
      group: async ({ startedGroup }, use) => {
        for (const node of startedGroup.nodes) node.resume();
        await startedGroup.heal();
        await use(startedGroup);
      },
    });
