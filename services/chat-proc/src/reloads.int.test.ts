import { expect } from 'vitest';
import { procTest as test } from '../test/proc-rig.ts';
import { openReloadRig } from '../test/reload-rig.ts';
import type { Holdings } from '../test/reload-rig.ts';
import { slopeOf } from '../test/slope.ts';

/** The suite `reloads` sets a thousand. */
const RELOADS = Number(process.env['RELOADS'] ?? 48);
const LOOKS = 24;
const KIB = 1024;
/** Of the looks, those before the process has got into its stride: code is compiled, pools and rings are filled. */
const WARM_UP = LOOKS / 4;
/**
 * Bytes of heap that a reload may leave. In the long run below the 2.9 KiB that were measured while the claim loop kept something of
 * every round, and well below the 10 KiB that a forgotten host costs at least. Compiled code still comes in for the first three hundred,
 * 40 KiB of it each in the short run; after those it were 0.8 KiB.
 */
const MAX_HEAP_SLOPE = RELOADS >= 1000 ? 2.5 * KIB : 40 * KIB;
/** Resident memory goes in larger steps. */
const MAX_RSS_SLOPE = RELOADS >= 1000 ? 30 * KIB : 200 * KIB;
/** Timers and sockets come and go by themselves; of what a reload would leave there were as many as reloads. */
const SLACK = 10;

/** What must not grow, by name; what turns and the audit log write on purpose is left out. */
function countsOf({ children, descriptors, files, keys, rows, handles }: Holdings): Record<string, number> {
  const { turn: _turns, conversation: _conversations, audit_entry: _audit, ...others } = rows;
  const open = Object.values(handles).reduce((sum, count) => sum + count, 0);
  const prefixed = Object.fromEntries(
    Object.entries(others).map(([table, count]) => [`rows of ${table}`, count]),
  );
  return { children, descriptors, files, keys, handles: open, ...prefixed };
}

/** Each count of two looks as one: a slot that a look finds between two waits has no timer, and there are eight of them. */
function foldCounts(looks: readonly Record<string, number>[], fold: typeof Math.max): Record<string, number> {
  const names = Object.keys(looks[0] ?? {});
  return Object.fromEntries(names.map((name) => [name, fold(...looks.map((look) => look[name] ?? 0))]));
}

test(
  'memory, handles, processes, files, keys and rows stay flat while a bundle is reloaded',
  { timeout: RELOADS * 10_000 },
  async ({ rig, redis, postgres }) => {
    const settings = {
      RUNNER_WARM_HOSTS: '1',
      RATE_PRIVILEGED: '100000/1m',
      RATE_ADDRESS: '100000/1m',
      BUNDLE_KEEP_VERSIONS: '2',
      BUNDLE_KEEP_RECORDS: '3',
    };
    await using worker = await openReloadRig(rig, { redis, postgres }, settings);
    const looks: Holdings[] = [];
    while (looks.length < LOOKS) {
      for (let each = 0; each < RELOADS / LOOKS; each += 1) await worker.reload();
      const look = await worker.look();
      looks.push(look);
      console.log(
        `after ${look.reloads} reloads: heap ${look.heapBytes}, resident ${look.rssBytes}, ${JSON.stringify(look.handles)}`,
      );
    }
    const settled = looks.slice(WARM_UP);
    const counts = settled.map(countsOf);
    const first = foldCounts(counts.slice(0, 2), Math.max);
    const last = foldCounts(counts.slice(-2), Math.min);
    const grown = Object.entries(last).filter(([name, count]) => !(count <= (first[name] ?? 0) + SLACK));
    const [heap, rss] = (['heapBytes', 'rssBytes'] as const).map((name) =>
      slopeOf(settled.map((look) => ({ x: look.reloads, y: look[name] }))),
    );
    console.log(
      `bytes a reload: heap ${heap?.toFixed(0)}, resident ${rss?.toFixed(0)}; ${JSON.stringify(last)}`,
    );
    expect.soft(Object.fromEntries(grown)).toEqual({});
    expect.soft(heap).toBeLessThan(MAX_HEAP_SLOPE);
    expect.soft(rss).toBeLessThan(MAX_RSS_SLOPE);
  },
);
