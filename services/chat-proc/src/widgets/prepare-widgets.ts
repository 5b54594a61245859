import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { PlatformError } from '@switchyard/kernel';
import type { BundleStore, ServedBundle } from '@switchyard/registry';
import { bubblewrap } from '@switchyard/runner';
import type { Log } from '@switchyard/telemetry';
import type { BuildSandbox } from './build-command.ts';
import { runBuild } from './run-build.ts';
import type { BuildLimits } from './run-build.ts';
import { checkWidget, folderInside } from './widget-folders.ts';

export interface PrepareWidgetsParts {
  readonly bundleStore: Pick<BundleStore, 'publishBuilt'>;
  readonly log: Log;
  readonly limits: BuildLimits;
  /** How bundles are held: builds are held by the same, as far as it starts. */
  readonly sandbox: 'auto' | 'bwrap' | 'permission' | 'none';
}

const PROBE_MS = 5_000;

/**
 * The registry's `prepare`: a version serves only when each of its widgets can be shown. Sources are built here, once, one build after
 * the other in this process; the result appears under its name by one rename, like a version, and goes with it.
 */
export function createPrepareWidgets(parts: PrepareWidgetsParts): (served: ServedBundle) => Promise<void> {
  let last: Promise<unknown> = Promise.resolve();
  let sandbox: Promise<BuildSandbox> | undefined;

  async function prepare({ version, manifest }: ServedBundle): Promise<void> {
    const { versionId, dir } = version;
    if (manifest.static !== undefined) folderInside(dir, manifest.static.folder);
    const built = Object.entries(manifest.widgets).filter(([, { build }]) => build === 'vite');
    for (const [alias, widget] of Object.entries(manifest.widgets))
      await named(alias, () => checkWidget(dir, alias, widget));
    if (built.length === 0) return;
    sandbox ??= chooseSandbox(parts);
    const held = await sandbox;
    await parts.bundleStore.publishBuilt(versionId, async (target) => {
      for (const [alias, { folder }] of built) {
        const outDir = join(target, alias);
        await mkdir(outDir, { recursive: true });
        const root = folderInside(dir, folder);
        const { limits, log } = parts;
        await named(alias, () => runBuild({ versionDir: dir, root, outDir, sandbox: held, limits }));
        log.info('widget built', { version_id: versionId, alias, sandbox: held });
      }
    });
  }

  return (served) => {
    const next = last.then(() => prepare(served));
    last = next.catch(() => undefined);
    return next;
  };
}

async function named(alias: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof PlatformError) || error.code !== 'UNPROCESSABLE') throw error;
    throw PlatformError.of('UNPROCESSABLE', `The widget "${alias}" cannot be shown: ${error.message}`);
  }
}

async function chooseSandbox({ sandbox, log }: PrepareWidgetsParts): Promise<BuildSandbox> {
  const [command = '', ...args] = bubblewrap('bwrap', process.execPath, []);
  const probe = [...args, process.execPath, '--version'];
  const starts = await promisify(execFile)(command, probe, { timeout: PROBE_MS }).then(
    () => true,
    () => false,
  );
  if (starts) return 'bwrap';
  if (sandbox === 'bwrap')
    throw PlatformError.of('BUNDLE_UNAVAILABLE', 'Bubblewrap was asked for and does not start here.');
  log.warn('widgets are built without bubblewrap', { sandbox: 'permission' });
  return 'permission';
}
