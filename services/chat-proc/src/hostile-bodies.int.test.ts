import { tryHostileBodies } from '@switchyard/testkit';
import { expect } from 'vitest';
import { ACTOR_DIR, procTest as test } from '../test/proc-rig.ts';

test(
  'no body of any route reaches a prototype, or is answered with the inside',
  { timeout: 120_000 },
  async ({ rig, redis }) => {
    await rig.ship(ACTOR_DIR);
    const { port } = await rig.start({ ratePrivileged: '1000000/1m', rateAddress: '1000000/1m' });
    const { tried, wrong } = await tryHostileBodies({
      origin: `http://127.0.0.1:${port}`,
      headers: { authorization: `Bearer ${await rig.token('privileged')}` },
      scope: redis,
      ids: { bundle: 'actor' },
    });
    expect(wrong).toEqual([]);
    expect(tried).toBeGreaterThan(400);
  },
);
