import { PlatformError } from '@switchyard/kernel';
import { sitePlanSchema } from '@switchyard/protocol';
import type { SitePlan, WebPlanMessage } from '@switchyard/protocol';
import type { SiteContents, SiteManifest, SiteSettings } from '@switchyard/web-store';
import type { BundleInvoker } from '../../invocations/invoke-bundle.ts';

export interface DeployToPlan {
  readonly site: string;
  readonly deployId: string;
  readonly manifest: SiteManifest;
  readonly settings: Pick<SiteSettings, 'spa' | 'cleanUrls'>;
}

interface Question extends DeployToPlan {
  plan: SitePlan | undefined;
}

export interface PlanDeskParts {
  readonly contents: Pick<SiteContents, 'open'>;
  readonly gatewayBundle: string;
  readonly timeoutMs: number;
  readonly makePlanId: () => string;
}

/** Questions to the gateway that are under way, by the id that its calls of `web.serve` name. */
export type PlanDesk = ReturnType<typeof createPlanDesk>;

/** Asks the gateway how a deploy is served. It knows of a deploy only while it is asked about it. */
export function createPlanDesk({ contents, gatewayBundle, timeoutMs, makePlanId }: PlanDeskParts) {
  const questions = new Map<string, Question>();
  const questionOf = (planId: string): Question => {
    const question = questions.get(planId);
    if (question === undefined) throw PlatformError.of('CAPABILITY_DENIED', 'Nobody asked for this plan.');
    return question;
  };
  return {
    /** Version of the gateway that answers now. Rejects BUNDLE_UNAVAILABLE. */
    async version(invoker: Pick<BundleInvoker, 'hold'>): Promise<string> {
      const hold = await invoker.hold(gatewayBundle);
      hold.release();
      return hold.version.versionId;
    },
    /** Rejects BUNDLE_UNAVAILABLE, TIMEOUT, or BUNDLE_ERROR where no plan came. */
    async ask(invoker: BundleInvoker, deploy: DeployToPlan): Promise<{ plan: SitePlan; plannedBy: string }> {
      const planId = makePlanId();
      const question: Question = { ...deploy, plan: undefined };
      questions.set(planId, question);
      const { spa, cleanUrls } = deploy.settings;
      const message: WebPlanMessage = {
        plan_id: planId,
        site: deploy.site,
        deploy_id: deploy.deployId,
        settings: { spa, cleanUrls },
      };
      try {
        const hold = await invoker.hold(gatewayBundle);
        const plannedBy = hold.version.versionId;
        await invoker.run(hold, {
          kind: 'channel',
          name: 'io:web:plan',
          payload: { message },
          timeoutMs,
          signal: AbortSignal.timeout(timeoutMs),
        });
        if (question.plan === undefined)
          throw PlatformError.of('BUNDLE_ERROR', 'The web gateway made no plan.');
        return { plan: question.plan, plannedBy };
      } finally {
        questions.delete(planId);
      }
    },
    /** In the order of their paths. */
    files(planId: string): SiteManifest {
      return questionOf(planId).manifest;
    },
    open(planId: string, path: string) {
      const { manifest } = questionOf(planId);
      const file = Object.hasOwn(manifest, path) ? manifest[path] : undefined;
      return file === undefined ? undefined : { file, stream: () => contents.open('identity', file.sha256) };
    },
    /** False: another plan came first. */
    take(planId: string, plan: unknown): boolean {
      const question = questionOf(planId);
      if (question.plan !== undefined) return false;
      question.plan = sitePlanSchema.parse(plan);
      return true;
    },
  };
}
