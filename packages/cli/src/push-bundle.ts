import { packBundle, readBundleId } from './bundle-folder.ts';
import type { Server } from './server.ts';

export const BUNDLES = '/admin/integrations/bundles';

export const bundlePath = (id: string, ...rest: readonly string[]): string =>
  [BUNDLES, ...[id, ...rest].map(encodeURIComponent)].join('/');

/** What the server says of an upload. `unchanged`: this very version serves already. */
export interface Pushed {
  readonly status: 'ok' | 'unchanged';
  readonly bundle_id: string;
  readonly version: string;
}

/** Packs the folder and sends it; resolves when the version serves. Where it does not load, the former one goes on and the ApiError says why. */
export async function pushBundle(server: Server, folder: string): Promise<Pushed> {
  const id = await readBundleId(folder);
  const archive = await packBundle(folder);
  const form = new FormData();
  form.set('id', id);
  form.set('file', new Blob([new Uint8Array(archive)], { type: 'application/gzip' }), `${id}.tar.gz`);
  return server.json<Pushed>(`${BUNDLES}/upload`, { method: 'POST', body: form });
}
