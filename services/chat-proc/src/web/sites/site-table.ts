import type { Clock } from '@switchyard/kernel';
import type { Log } from '@switchyard/telemetry';
import type { SiteRows } from '@switchyard/web-store';
import { createFreshCell } from './fresh-cell.ts';
import type { FreshCell } from './fresh-cell.ts';
import type { LoadSite, LoadedSite } from './load-site.ts';

export interface SiteTableParts {
  readonly rows: Pick<SiteRows, 'find' | 'findByHost'>;
  readonly load: LoadSite;
  readonly clock: Clock;
  readonly log: Log;
  /** How old what is known may be before it is compared with its row, so that a lost message heals. */
  readonly refreshMs: number;
  /** Sites and previews in memory at most. */
  readonly maxSites: number;
}

type Found<T> = T | undefined | Promise<T | undefined>;

/** Sites that are served, in memory. What is known is given without a promise: most requests need nothing else. */
export interface SiteTable {
  site(alias: string): Found<LoadedSite>;
  preview(alias: string, deployId: string): Found<LoadedSite>;
  /** The site that an administrator gave this host name. */
  aliasOfHost(host: string): Found<string>;
  /** For a request that found nothing: the site as it is after the call, because another worker may have deployed meanwhile. */
  recheck(alias: string): Promise<LoadedSite | undefined>;
  /** A change was told. */
  forget(alias: string): void;
  /** Changes may have been told that nobody heard. */
  forgetAll(): void;
}

export function createSiteTable({ rows, load, clock, log, refreshMs, maxSites }: SiteTableParts): SiteTable {
  const shared = {
    now: () => clock.monotonic(),
    maxAgeMs: refreshMs,
    onError: (error: unknown) => log.warn('a site could not be read again', { error }),
  };
  const sites = new Map<string, FreshCell<LoadedSite>>();
  const hosts = new Map<string, FreshCell<string>>();

  const siteCell = (alias: string): FreshCell<LoadedSite> =>
    cellOf(sites, alias, maxSites, () =>
      createFreshCell<LoadedSite>({
        ...shared,
        async read(former) {
          const row = await rows.find(alias);
          if (row === undefined) return forgetting(sites, alias);
          const isSame = former?.version === row.version && former.site.deployId === row.active_deploy;
          return isSame ? former : load.active(row);
        },
      }),
    );
  const previewCell = (alias: string, deployId: string): FreshCell<LoadedSite> =>
    cellOf(sites, `${alias}@${deployId}`, maxSites, () =>
      createFreshCell<LoadedSite>({
        ...shared,
        async read(former) {
          const row = await rows.find(alias);
          const isSame = row !== undefined && former?.version === row.version;
          if (isSame) return former;
          const loaded = row === undefined ? undefined : await load.preview(row, deployId);
          return loaded ?? forgetting(sites, `${alias}@${deployId}`);
        },
      }),
    );
  return {
    site: (alias) => siteCell(alias).get(),
    preview: (alias, deployId) => previewCell(alias, deployId).get(),
    aliasOfHost: (host) =>
      cellOf(hosts, host, maxSites * 4, () =>
        createFreshCell<string>({
          ...shared,
          read: async () => (await rows.findByHost(host))?.alias ?? forgetting(hosts, host),
        }),
      ).get(),
    recheck: (alias) => siteCell(alias).refresh(),
    forget(alias) {
      for (const [key, cell] of sites) if (key === alias || key.startsWith(`${alias}@`)) cell.markStale();
      for (const cell of hosts.values()) cell.markStale();
    },
    forgetAll() {
      for (const cell of [...sites.values(), ...hosts.values()]) cell.markStale();
    },
  };
}

/** The cell of a key, which counts as used now; the one that was not used the longest makes room for a new one. */
function cellOf<T>(
  cells: Map<string, FreshCell<T>>,
  key: string,
  max: number,
  make: () => FreshCell<T>,
): FreshCell<T> {
  const found = cells.get(key);
  const cell = found ?? make();
  if (found !== undefined) cells.delete(key);
  cells.set(key, cell);
  const [oldest] = cells.keys();
  if (cells.size > max && oldest !== undefined) cells.delete(oldest);
  return cell;
}

/** Names that are nobody's take no room: whoever asks for them again asks the database. */
function forgetting<T>(cells: Map<string, FreshCell<T>>, key: string): undefined {
  cells.delete(key);
  return undefined;
}
