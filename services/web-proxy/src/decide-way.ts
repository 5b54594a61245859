import { checkPlatformPath } from './check-head.ts';
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
  /** Path and query for the service, as they came: tidied up they would be others than were decided on. */
  readonly target: string;
}

/** Where proc serves the site of a host name. */
const SITE_ROOT = '/site-root';
const SHARED = /^\/(?:sites\/|site-root(?:\/|$))/u;

/** What came to an origin of sites: nothing of it is a path of the platform's. */
export const waySite = (url: string): Way => ({
  to: 'proc',
  body: 'site',
  site: 'own',
  target: `${SITE_ROOT}${url}`,
});

/** What came to the platform's own origin. Throws INVALID_REQUEST. A site decides itself what it makes of `..`. */
export const wayPlatform = (url: string): Way => {
  const path = pathOf(url);
  const { to, body } = decideRoute(path);
  const isShared = SHARED.test(path);
  if (!isShared) checkPlatformPath(path);
  return { to, body, site: isShared ? 'shared' : undefined, target: url };
};
