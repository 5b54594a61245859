/**
 * One worker in a process of its own. `claims`: as many slots as anybody could fill, and nothing runs. `turns`: a hundred slots, each
 * turn with its rows, events and fence; what only fills the lane is left alone.
 */
import { openHeart, completed } from '../queue/heart-rig.ts';
import { FILLED } from '../queue/fill-lane.ts';

export interface Report {
  readonly ids: string[];
  /** Milliseconds since the epoch, of the first and the last. */
  readonly firstMs: number;
  readonly lastMs: number;
}

const kind = process.env['KIND'] ?? 'claims';
const heart = await openHeart(
  { redisUrl: process.env['REDIS_URL'] ?? '', databaseUrl: process.env['DATABASE_URL'] ?? '' },
  process.env['PROJECT'] ?? '',
);
const ids: string[] = [];
let [firstMs, lastMs] = [0, 0];
const never = () => new Promise<never>(() => undefined);
const note = (id: string) => {
  lastMs = performance.timeOrigin + performance.now();
  if (ids.push(id) === 1) firstMs = lastMs;
};

process.on('message', (message) => {
  if (message === 'count') process.send?.({ count: ids.length });
  if (message === 'report') process.send?.({ ids, firstMs, lastMs } satisfies Report);
  if (message === 'go') void start().then(() => process.send?.({ started: true }));
});
process.on('disconnect', () => process.exit(0));
process.send?.({ ready: true });

function start() {
  return heart.startWorker(
    {
      prepare: (task) => {
        if (kind === 'claims') {
          note(task.taskId);
          return never();
        }
        if (task.turnId.startsWith(FILLED)) return never();
        return Promise.resolve(() => {
          note(task.taskId);
          return Promise.resolve(completed('ok'));
        });
      },
    },
    { slots: kind === 'claims' ? 200_000 : 100, lease: 3_600_000, leaseRenew: 600_000 },
  );
}
