import type { SitePlan, SiteProblem, TenantProject } from '@switchyard/protocol';
import { cleanText, isUniqueViolation, json } from '@switchyard/store';
import type { Sql } from '@switchyard/store';
import { blobsOf, bytesOf } from './manifest.ts';
import type { SiteFile, SiteManifest } from './manifest.ts';
import { siteSettingsSchema } from './site.ts';
import type { SiteSettings } from './site.ts';
import * as SQL from './site-sql.ts';

export interface SiteRow {
  alias: string;
  hosts: string[];
  /** The bundle that made it; null: an administrator did. */
  owner: string | null;
  active_deploy: string | null;
  settings: SiteSettings;
  version: number;
  created_at: Date;
  updated_at: Date;
}

export interface DeployRow {
  deploy_id: string;
  files: number;
  bytes: number;
  problems: SiteProblem[];
  created_by: string;
  created_at: Date;
  activated_at: Date | null;
  is_active: boolean;
}

/** A deploy with all that serving it takes. */
export interface WholeDeploy extends DeployRow {
  manifest: SiteManifest;
  /** Checked by whoever carries it out; null: no gateway was asked yet. */
  plan: SitePlan | null;
  planned_by: string | null;
}

export interface NewDeploy {
  deployId: string;
  manifest: SiteManifest;
  createdBy: string;
}

/** A file of a deploy that served until a short while ago. */
export interface RetiredFile {
  path: string;
  file: SiteFile;
  /** When the last deploy that had it was replaced. */
  retired_at: Date;
}

export type SiteRows = ReturnType<typeof createSiteRows>;

/** Sites and deploys of one scope. Every change is one statement, or one transaction where two tables must agree. */
export function createSiteRows(sql: Sql, { tenant, project }: TenantProject) {
  const at = (...more: unknown[]) => [tenant, project, ...more];
  const one = async <R extends object>(statement: { name: string; text: string }, values: unknown[]) =>
    (await sql.query<R>({ ...statement, values }))[0];
  return {
    find: async (alias: string): Promise<SiteRow | undefined> =>
      withSettings(await one<SiteRow>(SQL.FIND_SITE, at(alias))),
    findByHost: async (host: string): Promise<SiteRow | undefined> =>
      withSettings(await one<SiteRow>(SQL.FIND_BY_HOST, at(host))),
    async list(after: string, limit: number): Promise<SiteRow[]> {
      const rows = await sql.query<SiteRow>({ ...SQL.LIST_SITES, values: at(after, limit) });
      return rows.map((row) => withSettings(row));
    },
    /** False: there is one of that name already. */
    create: async (alias: string, owner: string | null): Promise<boolean> =>
      (await one(SQL.CREATE_SITE, at(alias, owner))) !== undefined,
    /**
     * Sets what is given. `CONFLICT`: another version is there. `HOST_TAKEN`: another site answers to one of the names.
     *
     * @param expected of the row that the change was made from; undefined: whatever is there
     */
    async change(
      alias: string,
      change: { settings?: SiteSettings; hosts?: readonly string[] },
      expected?: number,
    ): Promise<SiteRow | 'CONFLICT' | 'HOST_TAKEN'> {
      try {
        return await sql.tx(async (tx) => {
          const settings = change.settings === undefined ? null : json(change.settings);
          const values = at(alias, settings, expected ?? null);
          const [changed] = await tx.query({ ...SQL.CHANGE_SITE, values });
          if (changed === undefined) return 'CONFLICT' as const;
          if (change.hosts !== undefined) {
            await tx.query({ ...SQL.CLEAR_HOSTS, values: at(alias) });
            await tx.query({ ...SQL.ADD_HOSTS, values: at(alias, change.hosts) });
          }
          const [row] = await tx.query<SiteRow>({ ...SQL.FIND_SITE, values: at(alias) });
          return withSettings(row) ?? ('CONFLICT' as const);
        });
      } catch (error) {
        if (isUniqueViolation(error)) return 'HOST_TAKEN';
        throw error;
      }
    },
    /** With its deploys; their contents are collected later. */
    remove: async (alias: string): Promise<boolean> => (await one(SQL.REMOVE_SITE, at(alias))) !== undefined,
    async addDeploy(alias: string, { deployId, manifest, createdBy }: NewDeploy): Promise<void> {
      const files = Object.keys(manifest).length;
      const counted = [files, bytesOf(manifest), cleanText(createdBy)];
      await sql.query({
        ...SQL.ADD_DEPLOY,
        values: at(alias, deployId, json(manifest), blobsOf(manifest), ...counted),
      });
    },
    /**
     * The one pointer. False: there is no such deploy, or another one than `expected` is active.
     *
     * @param expected undefined: whatever is active; null: none
     */
    async activate(alias: string, deployId: string, expected?: string | null): Promise<boolean> {
      const values = at(alias, deployId, expected === undefined, expected ?? null);
      return (await one(SQL.ACTIVATE, values)) !== undefined;
    },
    findDeploy: (alias: string, deployId: string) => one<WholeDeploy>(SQL.FIND_DEPLOY, at(alias, deployId)),
    /** Newest first. */
    listDeploys: (alias: string, limit: number) =>
      sql.query<DeployRow>({ ...SQL.LIST_DEPLOYS, values: at(alias, limit) }),
    /** The deploy that served before the active one. */
    formerDeploy: async (alias: string): Promise<string | undefined> =>
      (await one<{ deploy_id: string }>(SQL.FORMER_DEPLOY, at(alias)))?.deploy_id,
    /**
     * What deploys had that served within the last seconds, and `active` has not: each path as its last deploy had it. Deploys are looked
     * through last one first, as long as those before have fewer than `maxFiles` together.
     *
     * @param active null: nothing serves
     */
    retiredFiles: (
      alias: string,
      active: string | null,
      { withinSec, maxFiles }: { withinSec: number; maxFiles: number },
    ) =>
      sql.query<RetiredFile>({ ...SQL.RETIRED_FILES, values: at(alias, withinSec, active ?? '', maxFiles) }),
    /** What a gateway said; over the word of another version of it. */
    async keepPlan(alias: string, deployId: string, plan: SitePlan, plannedBy: string): Promise<void> {
      await sql.query({
        ...SQL.KEEP_PLAN,
        values: at(alias, deployId, json(plan), plannedBy, json(plan.problems)),
      });
    },
    /** Removes deploys beyond the newest `keep` which nobody needs: neither active nor retired within the last seconds. How many. */
    prune: async ({ keep, withinSec }: { keep: number; withinSec: number }): Promise<number> =>
      (await sql.query({ ...SQL.PRUNE, values: at(keep, withinSec) })).length,
  };
}

/** Settings are kept as they were set; what came to be later has its default. */
function withSettings<R extends SiteRow | undefined>(row: R): R {
  return row === undefined ? row : { ...row, settings: siteSettingsSchema.parse(row.settings) };
}
