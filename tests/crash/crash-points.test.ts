import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FailpointName } from '@switchyard/kernel';
import { checkHistory } from '../history/check-history.ts';
import { CASES, STALLS, THROWS, namesOf } from './cases.ts';
import { startLoad } from './load.ts';
import type { Load } from './load.ts';
import { readAtRest, readBaseline } from './rest.ts';
import type { Baseline } from './rest.ts';
import { createSlotPool } from './slot-pool.ts';
import { LEASE_MS, openStage } from './stage.ts';
import type { ServiceSlot } from './service-slot.ts';
import type { Stage } from './stage.ts';

const PEOPLE = 5;
/** Long enough for another to take over, start, and be at work when this one wakes up. */
const STALL_MS = 2.6 * LEASE_MS;
/** How long a point holds up whoever is to be met there, on a machine on which the hand that comes is late. */
const HOLD_MS = 2500;
/** Who is held up has a lease that outlives it: it still has what it holds. */
const HELD_LEASE = '8s';
const AGAIN_MS = 500;
/** From being held up to the point, on a machine that is busy. */
const AFTER_HOLD_MS = HOLD_MS + 5000;
const STORIES_TO_PLAY = ['takes', 'flood', 'cancels'] as const;
const POINT_MS = 90_000;
/** With the waiting for a free place. */
const TEST_MS = 170_000;

let stage: Stage;
let load: Load;
let baseline: Baseline;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const otherOf = (slot: ServiceSlot): ServiceSlot => {
  const [first, second] = stage.workers;
  return slot === first ? second : first;
};

/** Kills a service at a point: armed, led there, dead. The place is left empty for the next. */
const killAt = async (name: FailpointName, slot: ServiceSlot): Promise<void> => {
  const { nth = 1, hold, term, provoke } = CASES[name];
  const failpoints = [
    `${name}:exit:${nth}`,
    ...(hold === undefined ? [] : [`${hold}:stall:${HOLD_MS}`]),
    // Not the first: who is asked to end while it starts finishes that, and what it claimed runs meanwhile.
    ...(term === undefined ? [] : [`${term}:term:2`]),
  ];
  const env = { FAILPOINTS: failpoints.join(','), ...(hold === undefined ? {} : { LEASE: HELD_LEASE }) };
  const scene = { stage, load, slot, other: otherOf(slot) };
  const until = performance.now() + POINT_MS;
  await slot.kill();
  do {
    if (performance.now() > until)
      throw new Error(`${name} was not reached in ${POINT_MS} ms; last lines:\n${tail(slot)}`);
    const starting = slot.isAlive() ? Promise.resolve() : slot.start({ env, mayEnd: term !== undefined });
    // A worker claims before it is ready: who waited for that would come when the point has let it go again.
    if (hold === undefined) await starting;
    else {
      const gone = starting.then(() => slot.gone());
      await Promise.race([slot.line(`failpoint ${hold}`), gone, pause(POINT_MS / 4)]);
    }
    if (slot.hasKilledItself()) return;
    await provoke?.(scene);
    await starting;
    await Promise.race([slot.gone(), pause(hold === undefined ? AGAIN_MS : AFTER_HOLD_MS)]);
    // What held it up is over, and it went another way: from the start again.
    if (hold !== undefined && !slot.hasKilledItself()) await slot.kill();
  } while (!slot.hasKilledItself());
};

const tail = (slot: ServiceSlot): string =>
  slot
    .lines()
    .slice(-5)
    .map((line) => line.slice(0, 300))
    .join('\n');

/** Lets a service stand still, or calls of it fail, at one point after the other in one life; it lives on. */
const disturbAt = async (
  names: readonly FailpointName[],
  action: string,
  slot: ServiceSlot,
): Promise<void> => {
  const failpoints = names.map((name) => `${name}:${action}:${CASES[name].nth ?? 1}`);
  await slot.kill();
  await slot.start({ env: { FAILPOINTS: failpoints.join(','), LOG_LEVEL: 'warn' } });
  const over = Promise.withResolvers<never>();
  const limit = setTimeout(() => {
    const reached = slot.lines().filter((line) => line.startsWith('failpoint'));
    over.reject(
      new Error(`of ${names.join(', ')} only this was reached:\n${reached.join('\n')}\n${tail(slot)}`),
    );
  }, 2 * POINT_MS);
  // Somebody does what leads to each of them, beside the load.
  const stories = setInterval(() => STORIES_TO_PLAY.forEach((story) => load.play(story)), AGAIN_MS);
  try {
    await Promise.race([Promise.all(names.map((name) => slot.line(`failpoint ${name}`))), over.promise]);
  } finally {
    clearInterval(stories);
    clearTimeout(limit);
  }
  // It answers again: what was due while it stood still has its turn now.
  const signal = AbortSignal.timeout(STALL_MS * 4);
  const response = await fetch(`http://127.0.0.1:${slot.port}/health/live`, { signal });
  expect(response.status).toBe(200);
};

const startAllBut = async (kept?: ServiceSlot): Promise<void> => {
  const dead = stage.slots.filter((slot) => slot !== kept && !slot.isAlive());
  await Promise.all(dead.map((slot) => slot.start()));
};
const startAll = (): Promise<void> => startAllBut();

beforeAll(async () => {
  stage = await openStage();
  await startAll();
  baseline = await readBaseline(stage);
  load = await startLoad(stage, PEOPLE);
}, 120_000);

afterAll(async () => {
  try {
    await startAll();
    await load.stop();
    const { records, stores } = await readAtRest(stage, load.recorder.all(), baseline);
    console.log(`${load.rounds()} conversations, ${stores.rows.length} messages, ${records.length} records`);
    expect(checkHistory(records, stores)).toEqual([]);
  } finally {
    await stage.close();
  }
}, 180_000);

const pools = {
  ingress: createSlotPool(() => [stage.ingresses[0]]),
  worker: createSlotPool(() => [...stage.workers]),
};
const throwing = (group: 'ingress' | 'worker'): FailpointName[] =>
  THROWS.filter((name) => CASES[name].group === group);

/** Two workers die side by side. */
describe('under load', () => {
  describe.concurrent('workers killed', () => {
    test.each(namesOf('worker'))('%s', { timeout: TEST_MS }, (name) =>
      pools.worker.use((slot) => killAt(name, slot)),
    );
    test('calls of workers that fail', { timeout: TEST_MS }, () =>
      pools.worker.use((slot) => disturbAt(throwing('worker'), 'throw', slot)),
    );
  });
});

/** One worker stands still beside one that is well and takes over; meanwhile one ingress dies, and the other stays. */
describe('beside a worker that stands still', () => {
  describe.concurrent('ingress killed', () => {
    test('stalls of a worker', { timeout: TEST_MS }, async () => {
      await startAllBut(stage.ingresses[0]);
      await disturbAt(STALLS, `stall:${STALL_MS}`, stage.workers[0]);
    });
    test.each(namesOf('ingress'))('%s', { timeout: TEST_MS }, (name) =>
      pools.ingress.use((slot) => killAt(name, slot)),
    );
    test('calls of an ingress that fail', { timeout: TEST_MS }, () =>
      pools.ingress.use((slot) => disturbAt(throwing('ingress'), 'throw', slot)),
    );
  });
});

describe('killed beside a dead worker', () => {
  test.each(namesOf('pair'))('%s', { timeout: TEST_MS }, async (name) => {
    const [slot] = stage.workers;
    await slot.stop();
    await startAllBut(slot);
    await killAt(name, slot);
    await startAll();
  });
});

describe('killed while the queue is rebuilt', () => {
  test.each(namesOf('rebuild'))('%s', { timeout: TEST_MS }, async (name) => {
    const [slot, other] = stage.workers;
    if (slot.isAlive() && slot.lines().length === 0) await slot.stop();
    await other.stop();
    await killAt(name, slot);
  });
});

describe('killed while a bundle is switched', () => {
  test.each(namesOf('switch'))('%s', { timeout: TEST_MS }, async (name) => {
    await startAll();
    const [slot] = stage.workers;
    await CASES[name].provoke?.({ stage, load, slot, other: otherOf(slot) });
    await slot.stop();
    await killAt(name, slot);
  });
  test('both workers serve the last version', { timeout: TEST_MS }, async () => {
    await startAll();
    const [row] = await stage.sql.query<{ active: string; known: string }>({
      text: `select b.active_version as active, max(v.version_id) filter (where v.status = 'ready') as known
        from bundle b join bundle_version v using (tenant, project, bundle_id) group by 1`,
    });
    expect(row?.active).toBeTruthy();
  });
});
