import { expect, it } from 'vitest';
import { createBundleDirectory } from './bundle-directory.ts';

type Row = Awaited<ReturnType<Parameters<typeof createBundleDirectory>[0]['list']>>[number];
const version = { manifest: { hasTurns: true } };

function setUp() {
  let now = 0;
  let reads = 0;
  const rows: Row[] = [];
  const list = async () => {
    reads += 1;
    return [...rows];
  };
  const directory = createBundleDirectory({ list }, { now: () => now, monotonic: () => now });
  return { directory, rows, reads: () => reads, pass: (ms: number) => (now += ms) };
}

it('finds the named one and the default, and reads once for many', async () => {
  const { directory, rows, reads } = setUp();
  rows.push(
    { bundle_id: 'a', active_version: 'v', is_default: false, version },
    { bundle_id: 'b', active_version: 'v', is_default: true, version },
  );
  expect([
    await directory.resolve('a'),
    await directory.resolve(undefined),
    await directory.resolve('b'),
  ]).toEqual(['a', 'b', 'b']);
  expect(reads()).toBe(1);
});

it('sees a new one at once and forgets a removed one soon', async () => {
  const { directory, rows, pass } = setUp();
  await expect(directory.resolve('a')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  rows.push({ bundle_id: 'a', active_version: 'v', is_default: true, version });
  expect(await directory.resolve('a')).toBe('a');
  rows.pop();
  pass(3000);
  await expect(directory.resolve('a')).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

it('says that none is ready yet', async () => {
  const { directory, rows } = setUp();
  await expect(directory.resolve(undefined)).rejects.toMatchObject({ code: 'BUNDLE_UNAVAILABLE' });
  rows.push({ bundle_id: 'a', active_version: null, is_default: true, version: null });
  await expect(directory.resolve('a')).rejects.toMatchObject({ code: 'BUNDLE_UNAVAILABLE' });
});

it('refuses a message to one that answers none, named or by default', async () => {
  const { directory, rows } = setUp();
  const silent = { manifest: { hasTurns: false } };
  rows.push({ bundle_id: 'board', active_version: 'v', is_default: true, version: silent });
  for (const named of ['board', undefined])
    await expect(directory.resolve(named)).rejects.toMatchObject({
      code: 'UNPROCESSABLE',
      message: 'This application answers no messages.',
    });
});
