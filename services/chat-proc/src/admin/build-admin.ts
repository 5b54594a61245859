import { resolve } from 'node:path';
import { createAudited } from '@switchyard/http';
import type { Route } from '@switchyard/http';
import { createSources } from '@switchyard/registry';
import type { Registry } from '@switchyard/registry';
import { createAuditLog } from '@switchyard/store';
import type { Guards } from '../caller-of.ts';
import type { ProcConfig } from '../env.ts';
import type { Base } from '../open-base.ts';
import { createDocumentRoutes } from './document-routes.ts';
import { createPropsRoutes } from './props-routes.ts';
import type { PropsRouteParts } from './props-routes.ts';
import { createSecretsRoutes } from './secrets-routes.ts';
import type { SecretsRouteParts } from './secrets-routes.ts';
import type { BundleJobs } from '../jobs/open-jobs.ts';
import { createJobRoutes } from './job-routes.ts';
import { createLogRoutes } from './log-routes.ts';
import type { PropsFollower } from '../props/follow-props.ts';
import { createRegistryRoutes } from './registry-routes.ts';
import { createUploadRoute } from './upload-route.ts';
import { createVersionRoutes } from './version-routes.ts';

/** What only the administration of bundles needs beside the registry. */
export interface BundleAdminParts
  extends Pick<PropsRouteParts, 'runner' | 'props'>, Pick<SecretsRouteParts, 'secrets'> {
  readonly follower: PropsFollower;
  readonly registry: Registry;
  readonly work: BundleJobs;
}

export interface BuildAdminParts extends BundleAdminParts {
  readonly base: Base;
  readonly config: ProcConfig;
  readonly guards: Guards;
}

/** The administration of bundles (03 §7); every change of it is in the audit log. */
export function buildAdmin({ base, config, guards, registry, work, ...settings }: BuildAdminParts): Route[] {
  const { bundles, documents, bundleStore, log, sql } = base;
  const audited = createAudited(createAuditLog(sql, base.scope), log);
  const isOpen = config.nodeEnv === 'development';
  const git = {
    hosts: isOpen ? ['*'] : config.bundleGitHosts,
    timeoutMs: config.bundleGitTimeout,
    maxFetchBytes: config.bundleGitLimit,
  };
  const sources = createSources({ registry, bundleStore, git });
  const sourceRoots = isOpen ? ['*'] : [resolve(config.bundlesDir), ...config.bundleSources];
  const shared = { guards, audited, registry, bundles };
  return [
    ...createRegistryRoutes({
      ...shared,
      follower: settings.follower,
      sources,
      sourceRoots,
      mayWatch: isOpen,
    }),
    createUploadRoute({ guards, audited, sources, bundleStore, maxBytes: config.bundleArchiveLimit }),
    ...createVersionRoutes(shared),
    ...createDocumentRoutes({ guards, audited, documents, maxDocuments: config.documentsMax }),
    ...createPropsRoutes({ guards, audited, registry, ...settings }),
    ...createSecretsRoutes({ guards, audited, registry, ...settings }),
    ...createJobRoutes({ ...shared, work, clock: base.clock }),
    ...createLogRoutes({ guards, bundles, logs: base.bundleLogs, clock: base.clock }),
  ];
}
