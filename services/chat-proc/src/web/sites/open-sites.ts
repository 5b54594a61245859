import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import type { Capability } from '@switchyard/capabilities';
import type { Scope } from '@switchyard/kernel';
import { createPublisher, createSiteContents, createSiteRows } from '@switchyard/web-store';
import type { Publisher, SiteRows } from '@switchyard/web-store';
import type { ProcConfig } from '../../env.ts';
import type { BundleInvoker } from '../../invocations/invoke-bundle.ts';
import type { Base } from '../../open-base.ts';
import { collectSites } from './collect-sites.ts';
import { createContentCache } from './content-cache.ts';
import { createLoadSite } from './load-site.ts';
import type { LoadSite } from './load-site.ts';
import { createPlanDesk } from './plan-desk.ts';
import { createServeCapability } from './serve-capability.ts';
import { createSiteServer } from './site-server.ts';
import type { OnSiteAnswered, SiteServer } from './site-server.ts';
import { createSiteTable } from './site-table.ts';
import { createSiteUrls } from './site-urls.ts';
import type { SiteUrls } from './site-urls.ts';
import type { DynamicAnswers, SiteGate } from './slow-path.ts';
import { createWebCapability } from './web-capability.ts';
import type { WebCapabilityParts } from './web-capability.ts';

/** Sites of this worker. Opened before the capabilities, two of which it makes; started when bundles can be invoked. */
export interface OpenedSites {
  readonly capabilities: readonly Capability[];
  readonly rows: SiteRows;
  readonly publisher: Publisher;
  readonly urls: SiteUrls;
  /** A change of a site, told to every worker. */
  readonly tell: (alias: string) => Promise<void>;
  start<Admission>(parts: {
    invoker: BundleInvoker;
    gate: SiteGate<Admission>;
    dynamic: DynamicAnswers<Admission>;
    onAnswered?: OnSiteAnswered;
  }): Promise<SiteServer>;
}

const DEPLOY_ID_BYTES = 6;

/** What nobody needs any more is collected as long as `scope` is open. */
export function openSites(
  scope: Scope,
  base: Base,
  config: ProcConfig,
  { respond, purge }: Pick<WebCapabilityParts, 'respond' | 'purge'>,
): OpenedSites {
  const { sql, redis, keys, log, ids, clock, subscriber } = base;
  const rows = createSiteRows(sql, base.scope);
  const contents = createSiteContents({ sql, dir: resolve(config.blobDir, 'sites') });
  const urls = createSiteUrls(config.sitesUrl, config.publicUrl);
  const desk = createPlanDesk({
    contents,
    gatewayBundle: config.siteGateway,
    timeoutMs: config.sitePlanTimeout,
    makePlanId: () => ids.token(16),
  });
  let invoker: BundleInvoker | undefined;
  const load = createLoadSite({
    rows,
    desk,
    clock,
    log,
    invoker: () => {
      if (invoker === undefined) throw new Error('sites were asked for before they were started');
      return invoker;
    },
    retain: { withinSec: config.siteRetain / 1000, maxFiles: config.siteRetainFiles },
  });
  const tell = async (alias: string): Promise<void> => {
    await redis.driver.spublish(keys.siteChanges(), alias);
  };
  const publisher = buildPublisher({ rows, contents, clock, load, tell, config });
  collectSites(scope, { sql, rows, contents, config, log });
  return {
    capabilities: [
      createWebCapability({ rows, publisher, urls, onChange: tell, respond, purge }),
      createServeCapability(desk),
    ],
    rows,
    publisher,
    urls,
    tell,
    async start({ invoker: given, gate, dynamic, onAnswered = () => undefined }) {
      invoker = given;
      const table = createSiteTable({
        rows,
        load,
        clock,
        log,
        refreshMs: config.siteRefresh,
        maxSites: config.siteMaxServed,
      });
      scope.defer(await subscriber.subscribe(keys.siteChanges(), (alias) => table.forget(alias)));
      // What was told while the connection was broken is lost.
      const leave = subscriber.onReconnect(() => table.forgetAll());
      scope.defer(async () => leave());
      return createSiteServer({
        table,
        cache: createContentCache({
          contents,
          maxBytes: config.siteCache,
          maxItemBytes: config.siteCacheFile,
        }),
        gate,
        dynamic,
        domain: config.sitesDomain,
        rootAlias: config.sitesRoot,
        makeRequestId: () => ids.request(),
        maxUrlBytes: config.siteMaxUrl,
        onAnswered,
        clock,
        onError: (error) => log.error('request of a site failed', { error }),
      });
    },
  };
}

function buildPublisher({
  config,
  load,
  tell,
  ...parts
}: Pick<Parameters<typeof createPublisher>[0], 'rows' | 'contents' | 'clock'> & {
  config: ProcConfig;
  load: LoadSite;
  tell: (alias: string) => Promise<void>;
}): Publisher {
  return createPublisher({
    ...parts,
    makeDeployId: () => randomBytes(DEPLOY_ID_BYTES).toString('hex'),
    limits: {
      maxFileBytes: config.siteMaxFile,
      maxFiles: config.siteMaxFiles,
      maxBytes: config.siteMaxBytes,
    },
    checkPlan: (alias, deployId) => load.problems(alias, deployId),
    onChange: tell,
  });
}
