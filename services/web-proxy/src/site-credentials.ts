import type { IncomingHttpHeaders } from 'node:http';
import { setCookieName } from '@switchyard/http';
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

/**
 * Takes cookies out of a site's answer, in place: all of them on the platform's origin, the platform's names everywhere, for a cookie
 * counts for all ports of a host.
 */
export const limitSiteAnswer = (
  headers: IncomingHttpHeaders,
  place: SitePlace,
  platformCookies: ReadonlySet<string>,
): void => {
  const given = headers['set-cookie'];
  if (given === undefined) return;
  const kept = place === 'own' ? given.filter((each) => !platformCookies.has(setCookieName(each))) : [];
  if (kept.length === 0) delete headers['set-cookie'];
  else headers['set-cookie'] = kept;
};
