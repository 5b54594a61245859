import type { CapabilityCaller } from '@switchyard/capabilities';
import { createIdentity } from '@switchyard/identity';
import type { Scope } from '@switchyard/kernel';
import type { CapabilityArgs, CapabilityResult } from '@switchyard/protocol';
import type { Registry } from '@switchyard/registry';
import { createWebResponses } from '@switchyard/store';
import { z } from 'zod';
import type { ProcConfig } from '../../env.ts';
import type { BundleInvoker } from '../../invocations/invoke-bundle.ts';
import type { Base } from '../../open-base.ts';
import { createCloudflareAccess } from '../access/cloudflare-access.ts';
import type { CloudflareAccess } from '../access/cloudflare-access.ts';
import { createSiteAccess } from '../access/create-site-access.ts';
import type { SiteAccess } from '../access/create-site-access.ts';
import { CLOUDFLARE_COOKIE } from './clean-request.ts';
import { createDynamic } from './create-dynamic.ts';
import type { Dynamic } from './create-dynamic.ts';
import { HeldRequests } from './held-requests.ts';
import { createLateAnswers } from './late-answers.ts';
import { MicroCache } from './micro-cache.ts';
import { ByteBudget } from './read-body.ts';
import { createRespond } from './respond.ts';
import type { Respond } from './respond.ts';
import { createRunHandler } from './run-handler.ts';
import { createSiteLog } from './site-log.ts';
import type { SiteLog } from './site-log.ts';
import { SitePlaces } from './site-places.ts';

/** Dynamic requests of sites. Opened before capabilities, since `respond` is one; started when bundles can be invoked. */
export interface OpenedDynamic {
  /** Of the capability `web`. */
  readonly respond: Respond;
  readonly purge: Purge;
  /** The requests of sites, static ones too where their server tells of them. */
  readonly siteLog: SiteLog;
  start(parts: { invoker: BundleInvoker; registry: Registry; cloudflare?: CloudflareAccess }): Promise<{
    dynamic: Dynamic;
    access: SiteAccess;
  }>;
}

export type Purge = (
  caller: Pick<CapabilityCaller, 'bundleId'>,
  ...args: CapabilityArgs<'web', 'purge'>
) => Promise<CapabilityResult<'web', 'purge'>>;

const purgeSchema = z.object({ bundleId: z.string(), tags: z.array(z.string()) });
const SWEEP_EVERY_MS = 60_000;
const SWEPT_AT_ONCE = 1_000;
/** Without a byte of a body that is read whole. */
const BODY_IDLE_MS = 20_000;

/** What is kept for a while is swept as long as `scope` is open. */
export function openDynamic(scope: Scope, base: Base, config: ProcConfig): OpenedDynamic {
  const { sql, redis, keys, log, ids, clock, subscriber } = base;
  const responses = createWebResponses(sql, base.scope);
  const held = new HeldRequests();
  const late = createLateAnswers({
    responses,
    publish: async (requestId) => void (await redis.driver.spublish(keys.webAnswers(), requestId)),
    log,
  });
  const sweep = (): void => {
    responses
      .sweep({ pendingMs: config.webAnswerPending, answeredMs: config.webAnswerKeep, limit: SWEPT_AT_ONCE })
      .catch((error: unknown) => log.warn('old answers of sites could not be removed', { error }));
  };
  const timer = setInterval(sweep, SWEEP_EVERY_MS);
  timer.unref();
  scope.defer(() => clearInterval(timer));
  const cache = new MicroCache(config.webCache, clock);
  const siteLog = createSiteLog({ redis, keys, clock, log, maxLines: config.webLogLines });
  scope.defer(() => siteLog.close());
  return {
    siteLog,
    async purge({ bundleId }, tags) {
      cache.purge(bundleId, tags);
      await redis.driver.spublish(keys.webPurges(), JSON.stringify({ bundleId, tags }));
      return { purged: true };
    },
    respond: createRespond({ held, late, maxLateBytes: config.webAnswerLimit }),
    async start({ invoker, registry, cloudflare = createCloudflareAccess({ clock }) }) {
      const leave = await subscriber.subscribe(keys.webAnswers(), (requestId) => late.announced(requestId));
      scope.defer(leave);
      const onPurge = (message: string): void => {
        const { bundleId, tags } = purgeSchema.parse(JSON.parse(message));
        cache.purge(bundleId, tags);
      };
      scope.defer(await subscriber.subscribe(keys.webPurges(), onPurge));
      const forget = subscriber.onReconnect(() => cache.forgetAll());
      scope.defer(async () => forget());
      const access = createSiteAccess({ identity: createIdentity({ ...base, config }), cloudflare });
      const dynamic = createDynamic({
        access,
        served: () => registry.allServed(),
        cache,
        places: new SitePlaces(config.webWait),
        runHandler: createRunHandler({
          invoker,
          held,
          late,
          budget: new ByteBudget(config.webBodyBudget),
          body: { bufferBytes: config.webBodyBuffer, maxBytes: config.webBodyLimit, idleMs: BODY_IDLE_MS },
          workMs: config.webWork,
          log,
        }),
        responses,
        ids,
        log,
        platformCookies: platformCookies(config),
        tokenIssuer: config.tokenIssuer,
        maxBodyBytes: config.webBodyLimit,
        streamIdleMs: config.webStreamIdle,
      });
      return { dynamic, access };
    },
  };
}

/** Names under which somebody is known to the platform, or to who guards it. */
function platformCookies(config: ProcConfig): ReadonlySet<string> {
  const { accessTokenCookie, idTokenCookie, maskedCookie, anonymousCookie } = config;
  return new Set([accessTokenCookie, idTokenCookie, maskedCookie, anonymousCookie, CLOUDFLARE_COOKIE]);
}
