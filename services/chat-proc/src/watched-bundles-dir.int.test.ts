import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { makeTar } from '@switchyard/registry/testing';
import { expect, vi } from 'vitest';
import { ACTOR_DIR, procTest as test } from '../test/proc-rig.ts';

const textOf = (id: string, name: string): string => `
import { defineBundle } from '@switchyard/bundle-sdk';
export default defineBundle({ id: '${id}', name: '${name}', async executeCore() {} });
`;

test('in development what is saved in the folder of bundles serves, and a new folder is a new bundle', async ({
  rig,
}) => {
  await rig.ship(ACTOR_DIR);
  const { port } = await rig.start({ nodeEnv: 'development' });
  const headers = { authorization: `Bearer ${await rig.token('privileged')}` };
  const at = (address: string) => `http://127.0.0.1:${port}${address}`;
  const becomes = (expected: string[]) =>
    vi.waitFor(
      async () => {
        const answer = await fetch(at('/api/integrations/bundles'), { headers });
        const { bundles } = (await answer.json()) as { bundles: { name: string }[] };
        expect(bundles.map(({ name }) => name).toSorted()).toEqual(expected);
      },
      { timeout: 15_000, interval: 10 },
    );
  await becomes(['Actor first']);
  await rig.writeActor('saved');
  await becomes(['Actor saved']);

  const fresh = path.join(rig.bundlesDir, 'fresh');
  await mkdir(fresh);
  // Half of a file, as an editor leaves it for a moment: told in the log, and healed by the next save.
  await writeFile(path.join(fresh, 'bundle.ts'), textOf('fresh', 'Fresh').slice(0, 90));
  await writeFile(path.join(fresh, 'bundle.ts'), textOf('fresh', 'Fresh'));
  await becomes(['Actor saved', 'Fresh']);

  // What an admin put in its place is not taken away by a save.
  const uploaded = await fetch(at('/admin/integrations/bundles/upload?id=actor'), {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/gzip' },
    body: new Uint8Array(await makeTar([{ path: 'bundle.ts', content: textOf('actor', 'Chosen') }])),
  });
  expect(uploaded.status).toBe(200);
  await becomes(['Chosen', 'Fresh']);
  await rig.writeActor('saved again');
  await writeFile(path.join(fresh, 'bundle.ts'), textOf('fresh', 'Fresh again'));
  await becomes(['Chosen', 'Fresh again']);
});
