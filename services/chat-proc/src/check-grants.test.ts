import { CAPABILITY_CATALOG, bundleManifestSchema } from '@switchyard/protocol';
import { expect, test } from 'vitest';
import { checkGrantsThen } from './check-grants.ts';

const check = async (...capabilities: string[]): Promise<boolean> => {
  const manifest = bundleManifestSchema.parse({ v: 1, id: 'b', name: 'B', hasTurns: false, capabilities });
  let isPrepared = false;
  const version = { bundleId: 'b', versionId: 'b__1', dir: '/b', entry: 'bundle.ts' };
  await checkGrantsThen(async () => void (isPrepared = true))({ version, manifest });
  return isPrepared;
};

test('whatever the catalog has may be asked for', async () => {
  expect(await check(...Object.keys(CAPABILITY_CATALOG))).toBe(true);
});

test.each(['teleport', '__proto__', 'constructor'])(
  'the capability %s is refused by its name',
  async (name) => {
    await expect(check('kv', name)).rejects.toMatchObject({
      code: 'UNPROCESSABLE',
      message: expect.stringContaining(`There is no capability "${name}", only `),
    });
  },
);
