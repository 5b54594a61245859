import { request } from 'node:http';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { makeTar, makeZip } from '@switchyard/registry/testing';
import { expect } from 'vitest';
import { ACTOR_DIR, procTest as test } from '../test/proc-rig.ts';

const ADMIN = '/admin/integrations/bundles';
const MIB = 1024 * 1024;
const GOOD = {
  path: 'bundle.ts',
  content: `import { defineBundle } from '@switchyard/bundle-sdk';\nexport default defineBundle({ id: 'packed', name: 'Packed' });`,
};
const LINK = { path: 'own.txt', type: 'symlink', linkname: '/etc/passwd' } as const;
const CLASH = { path: 'BUNDLE.ts', content: 'x' };
const SLIP = { path: '../../slipped.ts', content: 'x' };

/** Archives that do harm when they are unpacked, and what their author is told of each. */
const ARCHIVES: readonly [what: string, make: () => Promise<Buffer> | Buffer, says: RegExp][] = [
  ['a path that leads out, in a zip', () => makeZip([GOOD, SLIP]), /leads out|relative path/u],
  ['a path that leads out, in a tar', () => makeTar([GOOD, SLIP]), /leads out|relative path/u],
  ['a link, in a zip', () => makeZip([GOOD, LINK]), /links are not allowed.*own\.txt/u],
  ['a link, in a tar', () => makeTar([GOOD, LINK]), /links are not allowed.*own\.txt/u],
  ['names of one file on other disks', () => makeTar([GOOD, CLASH]), /clashes with bundle\.ts/u],
  [
    'what was made to unpack',
    () => makeTar([GOOD, { path: 'zeros', content: Buffer.alloc(4 * MIB) }]),
    /unpacks to more than 100 times its size/u,
  ],
];

/** What the server says to a body of so many zeros, which are sent while it lets them be. */
function sendZeros(
  port: number,
  token: string,
  bytes: number,
  isAnnounced: boolean,
): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const length = isAnnounced ? { 'content-length': bytes } : {};
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/gzip', ...length };
    const req = request({ port, method: 'POST', path: `${ADMIN}/upload?id=large`, headers }, (res) => {
      res.resume();
      resolve(res.statusCode);
      req.destroy();
    });
    // It is refused in the middle: that the rest cannot be sent any more is no failure of this test.
    req.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE' && error.code !== 'ECONNRESET') reject(error);
    });
    const piece = Buffer.alloc(MIB);
    let left = bytes;
    const write = (): void => {
      while (left > 0 && !req.destroyed) {
        left -= piece.length;
        if (!req.write(piece)) return void req.once('drain', write);
      }
      if (!req.destroyed) req.end();
    };
    write();
  });
}

test('archives that do harm are refused with what is wrong, and nothing of them stays', async ({ rig }) => {
  await rig.ship(ACTOR_DIR);
  // Smaller than as shipped: how soon it is refused is what is seen, and not how fast this machine sends.
  const { port } = await rig.start({ bundleArchiveLimit: '4MiB' });
  const token = await rig.token('privileged');
  const push = async (archive: Buffer) => {
    const response = await fetch(`http://127.0.0.1:${port}${ADMIN}/upload?id=packed`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/octet-stream' },
      body: new Uint8Array(archive),
    });
    return { status: response.status, text: await response.text() };
  };
  const storeDir = path.join(rig.bundlesDir, '../store');
  const stored = async (): Promise<string[]> => (await readdir(storeDir)).toSorted();
  const before = await stored();
  for (const [what, make, says] of ARCHIVES) {
    const { status, text } = await push(await make());
    expect({ what, status, text }).toEqual({
      what,
      status: 422,
      text: expect.stringMatching(says) as string,
    });
  }
  expect(await sendZeros(port, token, 200 * MIB, true)).toBe(413);
  expect(await sendZeros(port, token, 200 * MIB, false)).toBe(413);
  await expect.poll(stored).toEqual(before);
  expect(await readdir(path.join(rig.bundlesDir, '..'))).not.toContain('slipped.ts');
  // The same upload without the harm.
  expect((await push(await makeTar([GOOD]))).status).toBe(200);
});
