import { chmod, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect } from 'vitest';
import { ACTOR_DIR, procTest as test } from '../test/proc-rig.ts';

const NOBODY = 65_534;
/** Only root can have somebody else's processes. */
const users = process.getuid?.() === 0 ? [NOBODY] : [];

const CODE = `
import { readFileSync, writeFileSync } from 'node:fs';
import { defineBundle, operation } from '@switchyard/bundle-sdk';
export default defineBundle({
  id: 'who', name: 'Who',
  operations: {
    ids: operation({
      run(ctx) {
        writeFileSync(ctx.scratchDir + '/note', 'written');
        return { uid: process.getuid(), gid: process.getgid(), note: readFileSync(ctx.scratchDir + '/note', 'utf8') };
      },
    }),
  },
});
`;

test.for(['0', '1'].flatMap((warmHosts) => users.map((uid) => ({ uid, warmHosts }))))(
  'bundle processes run as user $uid, with $warmHosts of them started ahead',
  async ({ uid, warmHosts }, { rig, redis }) => {
    await rig.ship(ACTOR_DIR);
    const dir = path.join(rig.bundlesDir, 'who');
    await mkdir(dir);
    await writeFile(path.join(dir, 'bundle.ts'), CODE);
    // As the folder of an installation is: others pass through.
    await chmod(path.dirname(rig.bundlesDir), 0o711);
    const { port } = await rig.start({ runnerUid: String(uid), runnerWarmHosts: warmHosts });
    const address = `http://127.0.0.1:${port}/api/integrations/bundles/${redis.tenant}/${redis.project}/who`;
    const response = await fetch(`${address}/operations/ids`, {
      method: 'POST',
      headers: { authorization: `Bearer ${await rig.token('registered')}` },
    });
    expect(await response.json()).toMatchObject({ ids: { uid, gid: uid, note: 'written' } });
  },
);
