import { execFile } from 'node:child_process';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { PlatformError } from '@switchyard/kernel';
import type { Ids } from '@switchyard/kernel';
import { BUILT_FOLDER } from '@switchyard/registry';
import type { ServedBundle } from '@switchyard/registry';
import type { Log } from '@switchyard/telemetry';
import type { BuildSandbox } from './build-command.ts';
import { runBuild } from './run-build.ts';
import type { BuildLimits } from './run-build.ts';
import { checkWidget, folderInside } from './widget-folders.ts';

export interface PrepareWidgetsParts {
  /** The bundle store, absolute. */
  readonly storeDir: string;
  readonly ids: Pick<Ids, 'token'>;
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
    const target = join(parts.storeDir, BUILT_FOLDER, versionId);
    if (built.length === 0 || (await isThere(target))) return;
    const temporary = join(parts.storeDir, BUILT_FOLDER, `.tmp-${parts.ids.token(9)}`);
    sandbox ??= chooseSandbox(parts);
    try {
      for (const [alias, { folder }] of built) {
        const outDir = join(temporary, alias);
        await mkdir(outDir, { recursive: true });
        const root = folderInside(dir, folder);
        const { limits, log } = parts;
        const held = await sandbox;
        await named(alias, () => runBuild({ versionDir: dir, root, outDir, sandbox: held, limits }));
        log.info('widget built', { version_id: versionId, alias, sandbox: held });
      }
      await rename(temporary, target).catch(async (error: unknown) => {
        // Another process built the same version first.
        if (!(await isThere(target))) throw error;
      });
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
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

async function isThere(dir: string): Promise<boolean> {
  return (await stat(dir).catch(() => undefined))?.isDirectory() === true;
}

async function chooseSandbox({ sandbox, log }: PrepareWidgetsParts): Promise<BuildSandbox> {
  const probe = [
    '--unshare-all',
    '--cap-drop',
    'ALL',
    '--ro-bind',
    '/',
    '/',
    '--proc',
    '/proc',
    '--',
    'true',
  ];
  const starts = await promisify(execFile)('bwrap', probe, { timeout: PROBE_MS }).then(
    () => true,
    () => false,
  );
  if (starts) return 'bwrap';
  if (sandbox === 'bwrap')
    throw PlatformError.of('BUNDLE_UNAVAILABLE', 'Bubblewrap was asked for and does not start here.');
  log.warn('widgets are built without bubblewrap', { sandbox: 'permission' });
  return 'permission';
}
