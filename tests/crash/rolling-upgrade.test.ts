import { rm, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checkHistory } from '../history/check-history.ts';
import { startLoad } from './load.ts';
import type { Load } from './load.ts';
import { OLD_VERSION, buildOldTree } from './old-tree.ts';
import { readAtRest, readBaseline } from './rest.ts';
import { ROOT, openStage } from './stage.ts';
import type { Stage } from './stage.ts';

/** Claims hold through a slow machine, and a stop waits for every answer: then nothing may be interrupted at all. */
const PATIENT = { LEASE: '15s', LEASE_RENEW: '1s', DRAIN_LIMIT: '60s', MAX_ATTEMPTS: '3' };
const PEOPLE = 4;
/** Conversations that begin and end while both versions are there. */
const ROUNDS_BESIDE = 6;

/** Only what the stories themselves ask for. */
const WANTED_ENDS = new Set(['completed', 'folded', 'cancelled', 'failed']);

const untilRounds = async (load: Load, more: number): Promise<void> => {
  const wanted = load.rounds() + more;
  await expect.poll(() => load.rounds(), { timeout: 120_000, interval: 100 }).toBeGreaterThanOrEqual(wanted);
};

const versions = async (stage: Stage): Promise<string[]> => {
  const ids = await stage.redis.driver.zrangebyscore(stage.keys.workers(), '-inf', '+inf');
  const found = await Promise.all(ids.map((id) => stage.redis.driver.hget(stage.keys.worker(id), 'version')));
  return [...new Set(found.filter((version) => version !== null))].toSorted();
};

test(
  'an old and a new release side by side lose, double and interrupt nothing',
  { timeout: 400_000 },
  async () => {
    const dir = await mkdtemp(join(tmpdir(), 'switchyard-old-'));
    const old = await buildOldTree(ROOT, join(dir, 'tree'), process.env['UPGRADE_FROM']);
    console.log(`the old release is ${old.source}`);
    const stage = await openStage({ env: PATIENT, isUnmigrated: true });
    try {
      for (const slot of stage.slots) await slot.start({ root: old.root });
      const roots = [ROOT, old.root];
      const load = await startLoad(stage, PEOPLE);
      await untilRounds(load, 2);
      const beside: string[][] = [];
      const [[firstIngress, secondIngress], [firstWorker, secondWorker]] = [stage.ingresses, stage.workers];
      for (const slot of [firstWorker, firstIngress, secondWorker, secondIngress]) {
        await slot.stop();
        await slot.start();
        await untilRounds(load, ROUNDS_BESIDE);
        beside.push(await versions(stage));
      }
      // A release that is taken back meets the schema of the newer one, and messages that the newer one has accepted.
      await firstWorker.stop();
      await firstWorker.start({ root: old.root });
      await untilRounds(load, ROUNDS_BESIDE);
      beside.push(await versions(stage));
      await firstWorker.stop();
      await firstWorker.start();
      await load.stop();
      expect(beside.map((names) => names.includes(OLD_VERSION))).toEqual([true, true, false, false, true]);
      expect(beside.map((names) => names.length)).toEqual([2, 2, 1, 1, 2]);
      const before = await readBaseline(stage, roots);
      const { records, stores } = await readAtRest(stage, load.recorder.all(), before, roots);
      console.log(`${load.rounds()} conversations, ${stores.rows.length} messages`);
      expect(checkHistory(records, stores)).toEqual([]);
      expect(stores.rows.filter(({ status }) => !WANTED_ENDS.has(status))).toEqual([]);
      const failed = stores.rows.filter(({ status }) => status === 'failed');
      expect([...new Set(failed.map(({ errorType }) => errorType))]).toEqual(
        failed.length === 0 ? [] : ['bundle_error'],
      );
    } finally {
      await stage.close();
      await rm(dir, { recursive: true, force: true });
    }
  },
);
