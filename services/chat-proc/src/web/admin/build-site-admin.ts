import { resolve } from 'node:path';
import { createAudited } from '@switchyard/http';
import type { Route } from '@switchyard/http';
import { createAuditLog } from '@switchyard/store';
import type { Guards } from '../../caller-of.ts';
import type { ProcConfig } from '../../env.ts';
import type { Base } from '../../open-base.ts';
import { createSiteLogRoutes } from '../dynamic/site-log-routes.ts';
import type { OpenedWeb } from '../open-web.ts';
import { createDeployViews } from '../sites/deploy-view.ts';
import { createChangeSiteRoutes } from './change-site-routes.ts';
import { createDeployRoutes } from './deploy-routes.ts';
import { createSiteRoutes } from './site-routes.ts';
import { createSwitchDeployRoutes } from './switch-deploy-routes.ts';
import { createUploadDeploy } from './upload-deploy.ts';

export interface BuildSiteAdminParts {
  readonly base: Base;
  readonly config: ProcConfig;
  readonly guards: Guards;
  readonly web: OpenedWeb;
}

/** The administration of sites and deploys (05); every change of it is in the audit log. */
export function buildSiteAdmin({ base, config, guards, web }: BuildSiteAdminParts): Route[] {
  const { rows, publisher, urls, tell } = web.sites;
  const audited = createAudited(createAuditLog(base.sql, base.scope), base.log);
  const views = createDeployViews({ rows, urls });
  const shared = { guards, audited, rows, publisher, views };
  return [
    ...createSiteRoutes({ guards, rows, urls }),
    ...createChangeSiteRoutes({ ...shared, urls, tell, domain: config.sitesDomain }),
    ...createDeployRoutes(shared),
    ...createSwitchDeployRoutes(shared),
    createUploadDeploy({
      ...shared,
      ids: base.ids,
      storeDir: resolve(config.bundleStoreDir),
      maxArchiveBytes: config.siteArchiveLimit,
      limits: {
        maxFiles: config.siteMaxFiles,
        maxFileBytes: config.siteMaxFile,
        maxTotalBytes: config.siteMaxBytes,
      },
    }),
    ...createSiteLogRoutes({ guards, siteLog: web.siteLog }),
  ];
}
