import path from 'node:path';
import type { Registry } from '@switchyard/registry';
import type { Bundles } from '@switchyard/store';
import type { Log } from '@switchyard/telemetry';
import { listBundleFolders } from './source-folders.ts';
import { WatchedBundlesDir } from './watched-bundles-dir.ts';

export interface StartBundlesParts {
  registry: Pick<Registry, 'register' | 'setDefault'>;
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
  const { log, bundlesDir, defaultBundle, registry } = parts;
  const folders = (await listBundleFolders(bundlesDir)).filter((folder) => isShipped(parts, folder));
  if (folders.length === 0) log.warn('no bundles to register', { bundles_dir: bundlesDir });
  for (const dir of folders) {
    try {
      await registerShipped(registry, dir);
    } catch (error) {
      log.error('bundle could not be registered', { folder: path.basename(dir), error });
    }
  }
  // Only where nobody has chosen: an admin's choice outlives a restart.
  if ((await parts.bundles.findDefault()) !== undefined) return;
  if (!(await registry.setDefault(defaultBundle)))
    log.warn('default bundle is not registered', { bundle_id: defaultBundle });
}

/** Development: what is saved in the folder of bundles is served, without a restart. */
export function watchBundles(parts: Omit<StartBundlesParts, 'defaultBundle' | 'bundles'>): WatchedBundlesDir {
  const { registry, log, bundlesDir } = parts;
  return new WatchedBundlesDir({
    bundlesDir,
    log,
    register: async (dir) => {
      if (isShipped(parts, dir)) await registerShipped(registry, dir);
    },
  });
}

/** What an admin put in its place stays. */
function registerShipped(registry: Pick<Registry, 'register'>, dir: string): Promise<unknown> {
  return registry.register({ dir, ref: 'builtin', activate: 'ifChanged' });
}

function isShipped({ leftOut = [] }: Pick<StartBundlesParts, 'leftOut'>, folder: string): boolean {
  return !leftOut.includes(path.basename(folder));
}
