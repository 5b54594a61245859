import type { IncomingHttpHeaders } from 'node:http';
import { readCookiePairs, writeCookiePairs } from './cookie-pairs.ts';
import type { SitePlace } from './decide-way.ts';

/** Lets somebody in to a site that Cloudflare Access guards; proc reads it and no handler ever sees it. */
const ACCESS_COOKIE = 'CF_Authorization';

/**
 * What of a client's cookies may go to a site, in place. On the platform's own origin none is the site's: only what proves somebody to the
 * one who guards it passes. On an origin of its own all do that were not taken before.
 */
export const limitSiteCookies = (headers: IncomingHttpHeaders, place: SitePlace): void => {
  if (place === 'own' || headers.cookie === undefined) return;
  const proof = writeCookiePairs(
    readCookiePairs(headers.cookie).filter(({ name }) => name === ACCESS_COOKIE),
  );
  if (proof === undefined) delete headers.cookie;
  else headers.cookie = proof;
};
