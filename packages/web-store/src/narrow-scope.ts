import { PlatformError } from '@switchyard/kernel';
import { WEB_OPS } from '@switchyard/protocol';
import type { WebOp, WebScope } from '@switchyard/protocol';
import { isWithin, readSitePath } from './site-path.ts';

/** What one call of `web` may do. */
export interface NarrowedScope {
  readonly site: string;
  /** Normalised, without slashes at its ends; empty: the whole site. */
  readonly pathPrefix: string;
}

/**
 * What is left of a grant when a call asks for a part of it. Rejects CAPABILITY_DENIED by throwing when it asks for anything beside it:
 * a scope is only ever narrowed.
 *
 * @param granted of the bundle's manifest
 * @param asked of the call
 * @param ownSite the site of a bundle that names none
 */
export function narrowScope(
  granted: WebScope | undefined,
  asked: WebScope | undefined,
  { op, ownSite }: { op: WebOp; ownSite: string },
): NarrowedScope {
  const allowed = [granted, asked].every((scope) => (scope?.ops ?? WEB_OPS).includes(op));
  if (!allowed) throw denied(`web.${op}`);
  const site = asked?.site ?? granted?.site ?? ownSite;
  if (granted?.site !== undefined && granted.site !== site) throw denied(`the site "${site}"`);
  const folder = readFolder(granted?.pathPrefix);
  const pathPrefix = asked?.pathPrefix === undefined ? folder : readFolder(asked.pathPrefix);
  if (!isWithin(folder, pathPrefix)) throw denied(`the folder "${pathPrefix}"`);
  return { site, pathPrefix };
}

/** Throws CAPABILITY_DENIED for a path beside the scope's folder. */
export function requireWithin(scope: NarrowedScope, path: string): void {
  if (!isWithin(scope.pathPrefix, path)) throw denied(`the path "${path}"`);
}

function readFolder(text: string | undefined): string {
  const trimmed = (text ?? '').replace(/\/$/u, '');
  if (trimmed === '' || trimmed === '/') return '';
  const read = readSitePath(trimmed);
  if ('error' in read) throw denied(`the folder "${trimmed}"`);
  return read.path;
}

function denied(what: string): PlatformError {
  return PlatformError.of('CAPABILITY_DENIED', `The scope of the bundle does not hold ${what}.`);
}
