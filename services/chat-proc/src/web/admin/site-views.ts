import { PlatformError } from '@switchyard/kernel';
import { siteSettingsSchema } from '@switchyard/web-store';
import type { SiteManifest, SiteRow, SiteRows } from '@switchyard/web-store';
import { z } from 'zod';
import type { SiteUrls } from '../sites/site-urls.ts';

export const siteViewSchema = z.object({
  alias: z.string(),
  url: z.string(),
  hosts: z.array(z.string()),
  /** The bundle that made it; null: an administrator did. */
  owner: z.string().nullable(),
  active_deploy: z.string().nullable(),
  settings: siteSettingsSchema,
  version: z.number().int(),
  created_at: z.string(),
  updated_at: z.string(),
});
export type SiteView = z.output<typeof siteViewSchema>;

export function siteView(row: SiteRow, urls: SiteUrls): SiteView {
  const { alias, hosts, owner, active_deploy, settings, version } = row;
  return {
    alias,
    url: urls.of(alias, ''),
    hosts,
    owner,
    active_deploy,
    settings,
    version,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
  };
}

/** Throws NOT_FOUND. */
export async function requireSite(rows: Pick<SiteRows, 'find'>, alias: string): Promise<SiteRow> {
  const row = await rows.find(alias);
  if (row === undefined) throw PlatformError.of('NOT_FOUND');
  return row;
}

/** What a person compares two deploys by. */
export const differenceSchema = z.object({
  added: z.array(z.string()),
  changed: z.array(z.string()),
  removed: z.array(z.string()),
  /** More paths than are listed here. */
  is_cut: z.boolean(),
});
const LISTED_PATHS = 500;

export function differenceOf(from: SiteManifest, to: SiteManifest): z.output<typeof differenceSchema> {
  const isThere = (manifest: SiteManifest, path: string): boolean => Object.hasOwn(manifest, path);
  const added = Object.keys(to).filter((path) => !isThere(from, path));
  const removed = Object.keys(from).filter((path) => !isThere(to, path));
  const changed = Object.keys(to).filter(
    (path) => isThere(from, path) && from[path]?.sha256 !== to[path]?.sha256,
  );
  const all = { added, changed, removed };
  const cut = Object.fromEntries(
    Object.entries(all).map(([name, paths]) => [name, paths.toSorted().slice(0, LISTED_PATHS)]),
  ) as typeof all;
  return { ...cut, is_cut: Object.values(all).some((paths) => paths.length > LISTED_PATHS) };
}
