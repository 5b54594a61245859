import { stat } from 'node:fs/promises';
import { join, normalize } from 'node:path';
import { PlatformError } from '@switchyard/kernel';
import type { BundleManifest } from '@switchyard/protocol';
import { BUILT_FOLDER } from '@switchyard/registry';

export type WidgetManifest = BundleManifest['widgets'][string];

/** An alias is part of an address and of a path. */
const ALIAS = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

/** A folder below a version. Throws UNPROCESSABLE for one that is not. */
export function folderInside(versionDir: string, folder: string): string {
  const path = normalize(folder);
  const isInside =
    !path.startsWith('/') && path.split('/')[0] !== '..' && path !== '.' && !path.includes('\0');
  if (!isInside)
    throw PlatformError.of('UNPROCESSABLE', `the folder "${folder}" is not below the bundle's own.`);
  return join(versionDir, path);
}

/** Where the files of a version's widget lie: in the version itself, or where they were built. */
export function widgetFolder(
  storeDir: string,
  versionId: string,
  alias: string,
  widget: Pick<WidgetManifest, 'build' | 'folder'>,
): string {
  if (widget.build === 'vite') return join(storeDir, BUILT_FOLDER, versionId, alias);
  return folderInside(join(storeDir, versionId), widget.folder);
}

/** Throws UNPROCESSABLE when a widget could not be served. */
export async function checkWidget(versionDir: string, alias: string, widget: WidgetManifest): Promise<void> {
  if (!ALIAS.test(alias))
    throw PlatformError.of('UNPROCESSABLE', 'an alias has letters, digits, - and _, 64 at most.');
  const page = join(folderInside(versionDir, widget.folder), 'index.html');
  const found = await stat(page).catch(() => undefined);
  if (found?.isFile() !== true)
    throw PlatformError.of('UNPROCESSABLE', `${join(widget.folder, 'index.html')} is not in the bundle.`);
}
