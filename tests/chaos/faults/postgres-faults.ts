import type { Arena } from '../arena.ts';
import type { Fault, Site, Undo } from './fault.ts';

const HELD = ['postgres'] as const;
const base = { targets: ['postgres'], holds: () => HELD };

const startAgain =
  ({ arena }: Pick<Site, 'arena'>): Undo =>
  async () => {
    if (!arena.postgres.isUp()) await arena.postgres.start();
  };

export const stopPostgres: Fault = {
  ...base,
  name: 'postgres-stopped',
  lastsMs: [200, 6000],
  begin: async (site) => {
    await site.arena.postgres.stop();
    return startAgain(site);
  },
};

export const killPostgres: Fault = {
  ...base,
  name: 'postgres-killed',
  lastsMs: [100, 2000],
  begin: async (site) => {
    await site.arena.postgres.kill();
    return startAgain(site);
  },
};

const noDisk = ({ disks }: Arena): string | undefined =>
  disks.postgres.fill === undefined ? 'a small disk cannot be mounted here (root on Linux can)' : undefined;

export const fillPostgresDisk: Fault = {
  ...base,
  name: 'postgres-disk-full',
  lastsMs: [1000, 5000],
  missing: noDisk,
  begin: async (site) => {
    await site.arena.disks.postgres.fill?.();
    return async () => {
      await site.arena.disks.postgres.free?.();
      await startAgain(site)();
    };
  },
};
