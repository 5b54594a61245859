import { resolve } from 'node:path';
import { createAudited } from '@switchyard/http';
import type { Route } from '@switchyard/http';
import { createSources } from '@switchyard/registry';
import type { Registry } from '@switchyard/registry';
import { createAuditLog } from '@switchyard/store';
import type { Guards } from '../caller-of.ts';
import type { ProcConfig } from '../env.ts';
import type { Base } from '../open-base.ts';
import { createLogRoutes } from './log-routes.ts';
import { createRegistryRoutes } from './registry-routes.ts';
import { createUploadRoute } from './upload-route.ts';
import { createVersionRoutes } from './version-routes.ts';

export interface BuildAdminParts {
  readonly base: Base;
  readonly config: ProcConfig;
  readonly guards: Guards;
  readonly registry: Registry;
}

/** The administration of bundles (03 §7); every change of it is in the audit log. */
export function buildAdmin({ base, config, guards, registry }: BuildAdminParts): Route[] {
  const { bundles, ids, log, sql } = base;
  const audited = createAudited(createAuditLog(sql, base.scope), log);
  const isOpen = config.nodeEnv === 'development';
  const storeDir = resolve(config.bundleStoreDir);
  const git = { hosts: isOpen ? ['*'] : config.bundleGitHosts, timeoutMs: config.bundleGitTimeout };
  const sources = createSources({ registry, storeDir, ids, git });
  const sourceRoots = isOpen ? ['*'] : [resolve(config.bundlesDir), ...config.bundleSources];
  const shared = { guards, audited, registry, bundles };
  return [
    ...createRegistryRoutes({ ...shared, sources, sourceRoots, mayWatch: isOpen }),
    createUploadRoute({ guards, audited, sources, ids, storeDir, maxBytes: config.bundleArchiveLimit }),
    ...createVersionRoutes(shared),
    ...createLogRoutes({ guards, bundles, logs: base.bundleLogs, clock: base.clock }),
  ];
}
