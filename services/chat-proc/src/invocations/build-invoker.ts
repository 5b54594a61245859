import type { Capabilities } from '@switchyard/capabilities';
import type { Registry } from '@switchyard/registry';
import { createEventLog } from '@switchyard/relay';
import type { Runner } from '@switchyard/runner';
import { createUsageLog } from '@switchyard/store';
import { createStoreUsage } from '../usage/store-usage.ts';
import type { Base } from '../open-base.ts';
import { createBundleInvoker } from './invoke-bundle.ts';
import type { BundleInvoker } from './invoke-bundle.ts';
import { createPublishNotice } from './publish-notice.ts';

/** Calls of bundles that are no turns, with their live updates on this stack's Redis. */
export function buildInvoker(
  { redis, keys, log, scope, clock, sql, ids, random }: Base,
  parts: { registry: Registry; runner: Runner; capabilities: Capabilities },
): BundleInvoker {
  const publishNotice = createPublishNotice({
    events: createEventLog(redis, keys),
    scope,
    clock,
    publishToProject: async (data) => void (await redis.driver.spublish(keys.relayProject(), data)),
  });
  const storeUsage = createStoreUsage({ usageLog: createUsageLog(sql, scope), ids, clock, random });
  return createBundleInvoker({ ...parts, log, publishNotice, storeUsage });
}
