import { resolve } from 'node:path';
import {
  createCapabilities,
  createDocumentsCapability,
  createHttpCapability,
  createKvCapability,
  createModelCapability,
  createSecretsCapability,
  createStorageCapability,
  createUnavailableCapability,
} from '@switchyard/capabilities';
import type {
  Capabilities,
  Capability,
  DeliverWebhook,
  ModelLimits,
  SecretMasks,
  SecretReader,
} from '@switchyard/capabilities';
import type { Scope } from '@switchyard/kernel';
import { createBlobStore, createBundleFiles, createBundleValues, createUsageLog } from '@switchyard/store';
import type { ProcConfig } from './env.ts';
import { createConnectedExec } from './exec/connected-exec.ts';
import { modelConnectionOf } from './model-settings.ts';
import type { Base } from './open-base.ts';
import { createRequireBudget } from './usage/require-budget.ts';

const SWEEP_EVERY_MS = 10 * 60_000;
const SWEPT_AT_ONCE = 10_000;

/** What proc does for bundles, with what it keeps for them; what expires is swept as long as `scope` is open. */
export function buildCapabilities(
  scope: Scope,
  base: Base,
  config: ProcConfig,
  {
    reader,
    masks,
    further,
    deliver,
  }: {
    reader: SecretReader;
    masks: SecretMasks;
    further: readonly Capability[];
    deliver: DeliverWebhook;
  },
): Capabilities {
  const { sql, documents, log } = base;
  const values = createBundleValues(sql, base.scope);
  const files = createBundleFiles(sql, base.scope);
  const sweep = (): void => {
    values
      .sweep(SWEPT_AT_ONCE)
      .catch((error: unknown) => log.warn('old values could not be removed', { error }));
  };
  const timer = setInterval(sweep, SWEEP_EVERY_MS);
  timer.unref();
  scope.defer(() => clearInterval(timer));
  const blobs = createBlobStore({ dir: resolve(config.blobDir) });
  return createCapabilities([
    createDocumentsCapability(documents),
    createKvCapability({ values, maxEntries: config.kvMaxEntries }),
    createStorageCapability({ files, blobs, maxBytes: config.storageMaxBytes }),
    createSecretsCapability(reader, masks),
    createHttpCapability({
      deliver,
      allowedHosts: config.httpAllowedHosts,
      privateHosts: config.httpPrivateHosts,
      maxRequestBytes: config.httpMaxRequest,
      maxResponseBytes: config.httpMaxResponse,
      timeoutMs: config.httpTimeout,
    }),
    connectedModel(config, createRequireBudget(createUsageLog(sql, base.scope), base.clock, config)),
    createConnectedExec(config, masks, base.clock),
    ...further,
  ]);
}

function connectedModel(
  config: ProcConfig,
  requireBudget: NonNullable<ModelLimits['requireBudget']>,
): Capability {
  const connection = modelConnectionOf(config);
  if (connection === undefined)
    return createUnavailableCapability('model', 'No language model is connected.', {
      describe: async () => null,
    });
  return createModelCapability(connection, {
    maxRequestBytes: config.httpMaxRequest,
    maxResponseBytes: config.httpMaxResponse,
    timeoutMs: config.modelTimeout,
    requireBudget,
  });
}
