import type { Scope } from '@switchyard/kernel';
import type { Registry } from '@switchyard/registry';
import type { ProcConfig } from '../env.ts';
import type { BundleInvoker } from '../invocations/invoke-bundle.ts';
import type { Base } from '../open-base.ts';
import { openDynamic } from './dynamic/open-dynamic.ts';
import type { SiteLog } from './dynamic/site-log.ts';
import { openSites } from './sites/open-sites.ts';
import type { OpenedSites } from './sites/open-sites.ts';
import type { SiteServer } from './sites/site-server.ts';

/** The web gateway's part in a worker: what it publishes and serves, and the dynamic requests of it. */
export interface OpenedWeb {
  readonly sites: OpenedSites;
  readonly siteLog: SiteLog;
  start(parts: { invoker: BundleInvoker; registry: Registry }): Promise<SiteServer>;
}

export function openWeb(scope: Scope, base: Base, config: ProcConfig): OpenedWeb {
  const answers = openDynamic(scope, base, config);
  const sites = openSites(scope, base, config, {
    respond: answers.respond,
    purge: answers.purge,
  });
  const { siteLog } = answers;
  return {
    sites,
    siteLog,
    async start(parts) {
      const { dynamic, access } = await answers.start(parts);
      return sites.start({
        invoker: parts.invoker,
        gate: access,
        dynamic,
        onAnswered: siteLog.answered,
      });
    },
  };
}
