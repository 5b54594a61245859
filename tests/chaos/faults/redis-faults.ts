import type { Arena } from '../arena.ts';
import { pause } from './fault.ts';
import type { Fault, Site, Undo } from './fault.ts';

const HELD = ['redis'] as const;
const base = { targets: ['redis'], holds: () => HELD };
const PUBSUB_KILL_MS = 400;
const SETTLE_MS = 1200;

const startAgain =
  ({ arena }: Pick<Site, 'arena'>): Undo =>
  async () => {
    if (!arena.redis.isUp()) await arena.redis.start();
  };

/** Every write that was answered is on disk: nothing is lost. */
export const killRedisAlways: Fault = {
  ...base,
  name: 'redis-killed-always',
  lastsMs: [100, 4000],
  begin: async (site) => {
    await site.arena.redis.command('CONFIG', 'SET', 'appendfsync', 'always');
    await pause(SETTLE_MS);
    await site.arena.redis.kill();
    return startAgain(site);
  },
};

/** The machine of Redis loses power: what was written in the last second is gone, and Redis comes back older. */
export const killRedisEverysec: Fault = {
  ...base,
  name: 'redis-killed-everysec',
  lastsMs: [100, 4000],
  begin: async (site) => {
    await site.arena.redis.kill({ losesLastSecond: true });
    return startAgain(site);
  },
};

/** Redis is replaced by an empty one. */
export const flushRedis: Fault = {
  ...base,
  name: 'redis-flushed',
  lastsMs: [100, 1000],
  begin: async (site) => {
    await site.arena.redis.startEmpty();
    return startAgain(site);
  },
};

/** A long fork, a swapping machine: connections stand, nothing is answered. */
export const freezeRedis: Fault = {
  ...base,
  name: 'redis-frozen',
  lastsMs: [500, 5000],
  begin: (site) => {
    const pid = site.arena.redis.pid();
    if (pid !== undefined) process.kill(pid, 'SIGSTOP');
    return Promise.resolve(async () => {
      if (pid !== undefined && site.arena.redis.pid() === pid) process.kill(pid, 'SIGCONT');
      await startAgain(site)();
    });
  },
};

/** Every subscriber is thrown out again and again: what was published meanwhile is only in the log. */
export const killSubscribers: Fault = {
  ...base,
  name: 'subscribers-killed',
  lastsMs: [2000, 8000],
  begin: ({ arena }) => {
    const timer = setInterval(
      () => void arena.redis.command('CLIENT', 'KILL', 'TYPE', 'pubsub').catch(() => undefined),
      PUBSUB_KILL_MS,
    );
    return Promise.resolve(() => {
      clearInterval(timer);
      return Promise.resolve();
    });
  },
};

const noDisk = ({ disks }: Arena): string | undefined =>
  disks.redis.fill === undefined ? 'a small disk cannot be mounted here (root on Linux can)' : undefined;

/** No room for the append-only file: Redis refuses writes until there is. */
export const fillRedisDisk: Fault = {
  ...base,
  name: 'redis-disk-full',
  lastsMs: [1000, 5000],
  missing: noDisk,
  begin: async (site) => {
    await site.arena.disks.redis.fill?.();
    return async () => {
      await site.arena.disks.redis.free?.();
      await startAgain(site)();
    };
  },
};
