import { PlatformError } from '@switchyard/kernel';
import { bundleManifestSchema } from '@switchyard/protocol';
import { expect, test } from 'vitest';
import { checkOperationsThen } from './check-operations.ts';

const check = async (...names: string[]): Promise<string[]> => {
  const operations = Object.fromEntries(names.map((name) => [name, {}]));
  const manifest = bundleManifestSchema.parse({ v: 1, id: 'b', name: 'B', hasTurns: false, operations });
  const prepared: string[] = [];
  const version = { bundleId: 'b', versionId: 'b__1', dir: '/b', entry: 'bundle.ts' };
  await checkOperationsThen(async (served) => void prepared.push(served.version.versionId))({
    version,
    manifest,
  });
  return prepared;
};

const TAKEN = ['status', 'tenant', 'project', 'bundle_id', 'conversation_id'];

test.each([...TAKEN, '', '.', '..', 'a/b', 'two words', 'zähle', 'x'.repeat(129)])(
  'an operation "%s" is refused by its name',
  async (name) => {
    const refusal: unknown = await check('count', name).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(PlatformError);
    expect(refusal).toMatchObject({
      code: 'UNPROCESSABLE',
      message: expect.stringContaining(`The operation "${name}" cannot be called: `),
      details: { field: `operations.${name}` },
    });
  },
);

test('any other is prepared', async () => {
  expect(await check('count', 'statuses', 'two.words', 'Two-Words_2', '...', 'x'.repeat(128))).toEqual([
    'b__1',
  ]);
});
