import { PlatformError } from '@switchyard/kernel';
import { decideRoute, pathOf } from './route-table.ts';
import type { BodyKind, Upstream } from './route-table.ts';

/** Where a site is: on an origin of its own, or below a path of the one that holds the platform's cookies. */
export type SitePlace = 'own' | 'shared';

/** Where a request goes, and as whose. */
export interface Way {
  readonly to: Upstream;
  readonly body: BodyKind;
  /** Undefined: it is for the platform. */
  readonly site: SitePlace | undefined;
  /** Path and query for the service, to be sent as they are: a site decides itself what it makes of `..`. */
  readonly target?: string;
}

/** Where proc serves the site of a host name. */
const SITE_ROOT = '/site-root';
const SHARED = /^\/(?:sites\/|site-root(?:\/|$))/u;

/** What came to an origin of sites: nothing of it is a path of the platform's. Throws INVALID_REQUEST for what is no path. */
export const waySite = (url: string): Way => {
  // `GET http://other/` and `OPTIONS *` would be joined to something that nobody checked.
  if (!url.startsWith('/')) throw PlatformError.of('INVALID_REQUEST', 'The address cannot be read.');
  return { to: 'proc', body: 'site', site: 'own', target: `${SITE_ROOT}${url}` };
};

/** What came to the platform's own origin. */
export const wayPlatform = (url: string): Way => {
  const path = pathOf(url);
  const route = decideRoute(path);
  return SHARED.test(path) ? { ...route, site: 'shared', target: url } : { ...route, site: undefined };
};
