import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FailpointName } from '@switchyard/kernel';
import type { Load, StoryName } from './load.ts';
import type { ServiceSlot } from './service-slot.ts';
import { BUNDLE } from './stage.ts';
import type { Stage } from './stage.ts';
import { forgetRow } from './late-rows.ts';

/**
 * Where a point is reached: by the load alone, in an ingress or a worker; `pair`: when the other worker has died; `rebuild`: by a
 * worker that is alone with a Redis that is another one; `switch`: at the start of a worker that finds a changed bundle.
 */
export type CrashGroup = 'ingress' | 'worker' | 'pair' | 'rebuild' | 'switch';

export interface CrashScene {
  readonly stage: Stage;
  readonly load: Load;
  /** Where the point is armed. */
  readonly slot: ServiceSlot;
  readonly other: ServiceSlot;
}

export interface CrashCase {
  readonly group: CrashGroup;
  /** Which pass dies; the first unless said. */
  readonly nth?: number;
  /** A point before it at which the process is asked to end: its drain leads there. */
  readonly term?: FailpointName;
  /** A point beside it that holds the process up where the case wants to act. */
  readonly hold?: FailpointName;
  /** Does what leads to the point where the load alone does not; again and again until it is reached. With `hold`: once it is held. */
  readonly provoke?: (scene: CrashScene) => Promise<void>;
}

const term = async ({ slot }: CrashScene): Promise<void> => {
  await slot.stop();
};

const HOLDS_MS = 15_000;
const LOOK_MS = 50;
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Whether a worker has the lease of some message. */
const holdsSome = async ({ redis, keys }: Stage, worker: ServiceSlot): Promise<boolean> => {
  const leases = await redis.driver.keys(keys.lease('any').replace(/any$/u, '*'));
  const fences = leases.length === 0 ? [] : await redis.driver.mget(leases);
  return fences.some((fence) => fence?.startsWith(`${worker.name}.`) === true);
};

/** Not before it has something in its hands: nobody would find anything of it otherwise. */
const killOther = async ({ other, stage, load }: CrashScene): Promise<void> => {
  if (!other.isAlive()) await other.start();
  const until = performance.now() + HOLDS_MS;
  while (performance.now() < until && !(await holdsSome(stage, other))) {
    load.play('talk');
    await pause(LOOK_MS);
  }
  await other.kill();
};

const cancelAll = async ({ load }: CrashScene): Promise<void> => {
  await Promise.all(load.live().map(({ client, conversation }) => client.cancel(conversation)));
};

/** As after a restart of Redis with its data: the epoch's run_id is another server's. */
const changeServer = async ({ stage }: CrashScene): Promise<void> => {
  await stage.redis.driver.hset(stage.keys.epoch(), 'run_id', 'another-server');
};

/** Somebody does what leads there; until then the load alone may. */
const ingress = (story: StoryName): CrashCase => ({
  group: 'ingress',
  provoke: ({ load }) => Promise.resolve(load.play(story)),
});

const INGRESS: CrashCase = { group: 'ingress' };
const WORKER: CrashCase = { group: 'worker' };
const PAIR: CrashCase = { group: 'pair', provoke: killOther };
const REBUILD: CrashCase = { group: 'rebuild', provoke: changeServer };
const SWITCH: CrashCase = {
  group: 'switch',
  provoke: ({ stage }) => appendFile(join(stage.bundlesDir, BUNDLE, 'bundle.ts'), '// changed\n'),
};

/** How each point of the catalog is reached. A point without a case does not compile. */
export const CASES: Readonly<Record<FailpointName, CrashCase>> = {
  'ingress.attachment.after-blob': ingress('file'),
  'ingress.attachment.after-touch': ingress('file'),
  'ingress.submit.after-accept': { ...INGRESS, nth: 3 },
  'ingress.delete.after-mark': ingress('remove'),
  'ingress.delete.after-cancel': ingress('remove'),
  'ingress.delete.after-event': ingress('remove'),
  'relay.append.before-script': ingress('remove'),
  'relay.append.after-script': ingress('remove'),
  'turns.accept.after-row': { ...INGRESS, nth: 4 },
  'turns.accept.after-script': { ...INGRESS, nth: 5 },
  'turns.accept.after-delete': ingress('flood'),
  'turns.cancel.after-row': ingress('cancels'),
  'turns.cancel.after-script': ingress('cancels'),
  'turns.claim.after-script': { ...WORKER, nth: 2 },
  'turns.claim.after-pop': { ...WORKER, nth: 2 },
  'turns.claim.after-adopt': { ...WORKER, nth: 2 },
  'turns.release.before-script': { ...WORKER, term: 'turns.claim.after-script' },
  'turns.release.after-script': { ...WORKER, term: 'turns.claim.after-script' },
  'turns.renew.before-script': { ...WORKER, nth: 2 },
  'turns.renew.after-script': { ...WORKER, nth: 2 },
  'turns.start.before-row': { ...WORKER, nth: 3 },
  'turns.start.after-row': { ...WORKER, nth: 3 },
  'turns.start.after-script': { ...WORKER, nth: 3 },
  'turns.start.after-interrupt': {
    ...WORKER,
    hold: 'turns.start.before-row',
    provoke: async ({ stage }) => {
      // The start of a dead worker was committed late, after its claim had been given to this one.
      const inflight = await stage.redis.driver.lrange(stage.keys.inflight('registered'), 0, -1);
      await stage.sql.query({
        text: `update turn set status = 'running', fence = 'dead:1', started_at = now() where task_id = any($1) and status = 'queued'`,
        values: [inflight],
      });
    },
  },
  'turns.start.after-refusal': { ...WORKER, hold: 'turns.start.after-row', provoke: cancelAll },
  'turns.emit.before-script': { ...WORKER, nth: 20 },
  'turns.emit.after-script': { ...WORKER, nth: 20 },
  'turns.take.after-row': WORKER,
  'turns.take.after-script': WORKER,
  'turns.end.before-row': { ...WORKER, nth: 2 },
  'turns.end.after-row': { ...WORKER, nth: 2 },
  'turns.finish.after-script': { ...WORKER, nth: 2 },
  'turns.drain.after-claims': { ...WORKER, provoke: term },
  'turns.drain.before-goodbye': { ...WORKER, provoke: term },
  'turns.reap.after-script': PAIR,
  'turns.reap.after-row': PAIR,
  'turns.reap.after-repair': PAIR,
  'turns.reconcile.after-interrupt': { ...WORKER, provoke: ({ stage }) => forgetRow(stage.sql, 'running') },
  'turns.reconcile.after-requeue': { ...WORKER, provoke: ({ stage }) => forgetRow(stage.sql, 'queued') },
  'turns.reconcile.after-tell': { ...WORKER, provoke: ({ stage }) => forgetRow(stage.sql, 'cancelled') },
  'turns.rebuild.after-open': REBUILD,
  'turns.rebuild.after-interrupt': REBUILD,
  'turns.rebuild.after-drop': REBUILD,
  'turns.rebuild.after-told': REBUILD,
  'turns.rebuild.after-tell': REBUILD,
  'turns.rebuild.after-requeue': REBUILD,
  'turns.rebuild.before-close': REBUILD,
  'turns.rebuild.after-close': REBUILD,
  'registry.switch.after-copy': SWITCH,
  'registry.switch.after-row': SWITCH,
  'registry.switch.after-ready': SWITCH,
  'registry.switch.after-active': SWITCH,
  'registry.switch.after-refresh': SWITCH,
};

/** Points at which a worker also stands still for longer than its claims hold, and then goes on as if nothing had been. */
export const STALLS: readonly FailpointName[] = [
  'turns.claim.after-script',
  'turns.start.before-row',
  'turns.start.after-row',
  'turns.start.after-script',
  'turns.emit.before-script',
  'turns.take.after-row',
  'turns.end.before-row',
  'turns.end.after-row',
];

/** Points at which a call fails without its process. */
export const THROWS: readonly FailpointName[] = [
  'turns.accept.after-row',
  'turns.accept.after-script',
  'turns.cancel.after-row',
  'turns.start.after-row',
  'turns.emit.after-script',
  'turns.take.after-row',
  'turns.end.after-row',
  'turns.finish.after-script',
];

export const namesOf = (...groups: CrashGroup[]): FailpointName[] =>
  (Object.keys(CASES) as FailpointName[]).filter((name) => groups.includes(CASES[name].group));
