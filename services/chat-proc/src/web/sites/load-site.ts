import type { Clock } from '@switchyard/kernel';
import { sitePlanSchema } from '@switchyard/protocol';
import type { SitePlan } from '@switchyard/protocol';
import type { ServedSite, SiteFile, SiteRow, SiteRows, SiteSettings } from '@switchyard/web-store';
import type { Log } from '@switchyard/telemetry';
import type { BundleInvoker } from '../../invocations/invoke-bundle.ts';
import { NO_DEPLOY, loadDeploy } from './loaded-deploy.ts';
import type { LoadedDeploy } from './loaded-deploy.ts';
import { createMatchRoute } from './match-route.ts';
import type { MatchRoute } from './match-route.ts';
import type { PlanDesk } from './plan-desk.ts';

/** A site as requests see it: one object, taken whole, so that no request sees two deploys. */
export interface LoadedSite {
  readonly site: ServedSite;
  /** Of the row that it was made from. */
  readonly version: number;
  readonly deploy: LoadedDeploy;
  readonly isPreview: boolean;
  readonly matchRoute: MatchRoute;
  readonly findRetained: (path: string) => SiteFile | undefined;
}

export interface LoadSiteParts {
  readonly rows: SiteRows;
  readonly desk: PlanDesk;
  readonly clock: Clock;
  readonly log: Log;
  /** Asked late: the invoker is there after the capabilities that it calls with. */
  readonly invoker: () => BundleInvoker;
  /** How long assets of a deploy stay after another one took its place, and files of how many deploys are looked through for them. */
  readonly retain: { readonly withinSec: number; readonly maxFiles: number };
}

export type LoadSite = ReturnType<typeof createLoadSite>;

export function createLoadSite({ rows, desk, clock, log, invoker, retain }: LoadSiteParts) {
  /** The gateway's word, kept in the row; asked again when another version of it serves, or the settings are others. */
  async function planOf(row: SiteRow, deployId: string): Promise<LoadedDeploy | undefined> {
    const deploy = await rows.findDeploy(row.alias, deployId);
    if (deploy === undefined) return undefined;
    const { manifest } = deploy;
    const kept = sitePlanSchema.safeParse(deploy.plan);
    const fitting = planMark(row.settings);
    const version = await desk.version(invoker()).catch(() => undefined);
    const isKept = kept.success && deploy.planned_by === `${version}${fitting}`;
    const plan = isKept ? kept.data : await ask(row, deployId, manifest, kept.data);
    return loadDeploy(deployId, manifest, plan);
  }

  async function ask(
    { alias, settings }: SiteRow,
    deployId: string,
    manifest: Parameters<typeof loadDeploy>[1],
    former: SitePlan | undefined,
  ): Promise<SitePlan> {
    try {
      const { plan, plannedBy } = await desk.ask(invoker(), { site: alias, deployId, manifest, settings });
      await rows.keepPlan(alias, deployId, plan, `${plannedBy}${planMark(settings)}`);
      return plan;
    } catch (error) {
      // A gateway that cannot answer takes no site down that it planned before.
      log.warn('the web gateway made no plan', { site: alias, deploy_id: deployId, error });
      if (former === undefined) throw error;
      return former;
    }
  }

  /** Pages of former deploys are gone with them; what they name is not, so that a page that is open goes on. */
  async function retainedOf({ alias, active_deploy: active }: SiteRow): Promise<LoadedSite['findRetained']> {
    const retained = new Map<string, { file: SiteFile; until: number }>();
    for (const { path, file, retired_at } of await rows.retiredFiles(alias, active, retain)) {
      if (file.type.startsWith('text/html') || path.startsWith('_')) continue;
      retained.set(path, { file, until: retired_at.getTime() + retain.withinSec * 1000 });
    }
    return (path) => {
      const found = retained.get(path);
      return found !== undefined && found.until > clock.now() ? found.file : undefined;
    };
  }

  return {
    /** Rejects where no plan can be had. */
    async active(row: SiteRow): Promise<LoadedSite> {
      const [deploy, findRetained] = await Promise.all([
        row.active_deploy === null ? undefined : planOf(row, row.active_deploy),
        retainedOf(row),
      ]);
      return {
        ...common(row, row.active_deploy),
        deploy: deploy ?? NO_DEPLOY,
        findRetained,
        isPreview: false,
      };
    },
    /** Undefined: there is no such deploy. */
    async preview(row: SiteRow, deployId: string): Promise<LoadedSite | undefined> {
      const deploy = await planOf(row, deployId);
      if (deploy === undefined) return undefined;
      return { ...common(row, deployId), deploy, findRetained: () => undefined, isPreview: true };
    },
    /** What its rules have wrong. Never rejects: a deploy is made also while no gateway answers. */
    async problems(alias: string, deployId: string): Promise<SitePlan['problems']> {
      try {
        const row = await rows.find(alias);
        const deploy = row === undefined ? undefined : await rows.findDeploy(alias, deployId);
        if (row === undefined || deploy === undefined) return [];
        return (await ask(row, deployId, deploy.manifest, undefined)).problems;
      } catch {
        return [
          {
            file: '',
            line: 0,
            message: 'The web gateway could not be asked; it will be when the site is read.',
          },
        ];
      }
    },
  };
}

function common({ alias, hosts, settings, version }: SiteRow, deployId: string | null) {
  return {
    site: { alias, hosts, deployId, settings },
    version,
    matchRoute: createMatchRoute(settings.dynamic.routes),
  };
}

/** Of the settings that a plan is made from. */
function planMark({ spa, cleanUrls }: SiteSettings): string {
  return `#${spa ? 'spa' : ''}${cleanUrls ? 'clean' : ''}`;
}
