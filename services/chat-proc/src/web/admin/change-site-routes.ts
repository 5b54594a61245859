import { defineRoute } from '@switchyard/http';
import type { Audited, Route } from '@switchyard/http';
import { PlatformError } from '@switchyard/kernel';
import { siteAliasSchema, siteHostSchema, siteSettingsSchema } from '@switchyard/web-store';
import type { SiteRow, SiteRows, SiteSettings } from '@switchyard/web-store';
import { z } from 'zod';
import { SITE, SITES, siteParams } from './site-routes.ts';
import type { SiteRouteParts } from './site-routes.ts';
import { requireSite, siteView, siteViewSchema } from './site-views.ts';

export interface ChangeSiteParts extends Omit<SiteRouteParts, 'rows'> {
  readonly audited: Audited;
  readonly rows: SiteRows;
  /** A change of a site, told to every worker. */
  readonly tell: (alias: string) => Promise<void>;
  /** Names below it are sites by themselves. */
  readonly domain: string;
}

const MAX_HOSTS = 20;

const changeSchema = z.strictObject({
  hosts: z.array(siteHostSchema).max(MAX_HOSTS).optional(),
  /** What is named is replaced, what is null falls back to its default, the rest stays. */
  settings: z.record(z.string().max(64), z.unknown()).optional(),
  expected_version: z.number().int().optional(),
});

/** Making and removing sites; who may read one, and under which names. */
export function createChangeSiteRoutes(parts: ChangeSiteParts): Route[] {
  const { guards, audited, rows, urls, tell } = parts;
  const shared = { tag: 'administration', guard: 'admin' } as const;
  return [
    defineRoute({
      ...shared,
      method: 'post',
      path: SITES,
      summary: 'Make a site that has nothing yet; `unchanged` where there is one of that name',
      body: z.strictObject({ alias: siteAliasSchema }),
      answer: z.object({ status: z.enum(['ok', 'unchanged']), site: siteViewSchema }),
      async handle({ body: { alias }, req, res }) {
        const caller = await guards.admin(req, res);
        return audited({ caller, req, res }, 'site.create', alias, async () => {
          const isNew = await rows.create(alias, null);
          const site = siteView(await requireSite(rows, alias), urls);
          return {
            before: null,
            after: { is_new: isNew },
            answer: { status: isNew ? 'ok' : 'unchanged', site },
          };
        });
      },
    }),
    defineRoute({
      ...shared,
      method: 'patch',
      path: SITE,
      summary:
        'Change host names and settings of a site; of the settings what is named. `expected_version`: 409 unless it is that one',
      params: siteParams,
      body: changeSchema,
      answer: siteViewSchema,
      async handle({ params: { alias }, body, req, res }) {
        const caller = await guards.admin(req, res);
        return audited({ caller, req, res }, 'site.change', alias, async () => {
          const former = await requireSite(rows, alias);
          const row = await changeSite(parts, former, body);
          await tell(alias);
          return { before: changeable(former), after: changeable(row), answer: siteView(row, urls) };
        });
      },
    }),
    defineRoute({
      ...shared,
      method: 'delete',
      path: SITE,
      summary: 'Remove a site with all its deploys',
      params: siteParams,
      answer: z.object({ status: z.literal('removed') }),
      async handle({ params: { alias }, req, res }) {
        const caller = await guards.admin(req, res);
        return audited({ caller, req, res }, 'site.remove', alias, async () => {
          const former = await requireSite(rows, alias);
          if (!(await rows.remove(alias))) throw PlatformError.of('NOT_FOUND');
          await tell(alias);
          return { before: changeable(former), after: null, answer: { status: 'removed' } };
        });
      },
    }),
  ];
}

function changeable({ hosts, settings, active_deploy }: SiteRow) {
  return { hosts, settings, active_deploy };
}

/** Throws UNPROCESSABLE with the field, CONFLICT where another change came first. */
async function changeSite(
  { rows, domain }: ChangeSiteParts,
  former: SiteRow,
  { hosts, settings, expected_version: expected }: z.output<typeof changeSchema>,
): Promise<SiteRow> {
  if (expected !== undefined && expected !== former.version) throw PlatformError.of('CONFLICT');
  const shadowed = hosts?.find((host) => host.endsWith(`.${domain}`));
  if (shadowed !== undefined)
    throw refuse('hosts', `${shadowed} is the site of that name already: names below ${domain} are sites`);
  const change = {
    ...(hosts === undefined ? {} : { hosts: [...new Set(hosts)] }),
    ...(settings === undefined ? {} : { settings: mergeSettings(former.settings, settings) }),
  };
  const changed = await rows.change(former.alias, change, former.version);
  if (changed === 'CONFLICT')
    throw PlatformError.of('CONFLICT', 'The site was changed by somebody else meanwhile.');
  if (changed === 'HOST_TAKEN') throw refuse('hosts', 'another site has one of the names');
  return changed;
}

function mergeSettings(former: SiteSettings, given: Readonly<Record<string, unknown>>): SiteSettings {
  const merged = Object.entries({ ...former, ...given }).filter(([, value]) => value !== null);
  const read = siteSettingsSchema.safeParse(Object.fromEntries(merged));
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  throw refuse(['settings', ...(issue?.path ?? [])].join('.'), issue?.message ?? '');
}

function refuse(field: string, reason: string): PlatformError {
  return PlatformError.of('UNPROCESSABLE', `${field}: ${reason}`, { details: { field } });
}
