import { expect, it } from 'vitest';
import { createConversationBundles } from './conversation-bundles.ts';

function setUp() {
  const rows = new Map<string, string>();
  let reads = 0;
  const find = async (userId: string, conversationId: string) => {
    reads += 1;
    const bundleId = rows.get(`${userId}/${conversationId}`);
    return bundleId === undefined ? undefined : ({ bundle_id: bundleId } as never);
  };
  return { bundles: createConversationBundles({ find }), rows, reads: () => reads };
}

it('asks once for a conversation that is there', async () => {
  const { bundles, rows, reads } = setUp();
  rows.set('ann/c-1', 'hello');
  expect([await bundles.of('ann', 'c-1'), await bundles.of('ann', 'c-1')]).toEqual(['hello', 'hello']);
  expect(reads()).toBe(1);
});

it('does not remember that one is missing, and never answers for another user', async () => {
  const { bundles, rows } = setUp();
  expect(await bundles.of('ann', 'c-1')).toBeUndefined();
  rows.set('ann/c-1', 'hello');
  expect(await bundles.of('ann', 'c-1')).toBe('hello');
  expect(await bundles.of('bob', 'c-1')).toBeUndefined();
});
