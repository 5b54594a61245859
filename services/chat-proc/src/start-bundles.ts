import path from 'node:path';
import type { Registry } from '@switchyard/registry';
import type { Bundles } from '@switchyard/store';
import type { Log } from '@switchyard/telemetry';
import { listBundleFolders } from './source-folders.ts';

export interface StartBundlesParts {
  registry: Pick<Registry, 'register' | 'setDefault' | 'defaultBundleId'>;
  bundles: Pick<Bundles, 'findDefault'>;
  log: Log;
  bundlesDir: string;
  /** Names of folders that are not registered. What was registered before stays as it is. */
  leftOut?: readonly string[];
  defaultBundle: string;
}

/**
 * Registers the shipped bundles. One that cannot be loaded is told and left out: the others, and its own former version, go
 * on. Repeating it on unchanged folders changes nothing.
 */
export async function startBundles(parts: StartBundlesParts): Promise<void> {
  const { registry, log, bundlesDir, defaultBundle, leftOut = [] } = parts;
  const folders = (await listBundleFolders(bundlesDir)).filter(
    (folder) => !leftOut.includes(path.basename(folder)),
  );
  if (folders.length === 0) log.warn('no bundles to register', { bundles_dir: bundlesDir });
  for (const dir of folders) {
    try {
      await registry.register({ dir, ref: 'builtin', activate: 'ifChanged' });
    } catch (error) {
      log.error('bundle could not be registered', { folder: path.basename(dir), error });
    }
  }
  // Only where nobody has chosen: an admin's choice outlives a restart.
  if ((await parts.bundles.findDefault()) !== undefined) return;
  if (!(await registry.setDefault(defaultBundle)))
    log.warn('default bundle is not registered', { bundle_id: defaultBundle });
}
