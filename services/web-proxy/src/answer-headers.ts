import type { IncomingHttpHeaders } from 'node:http';

export type AnswerHeaders = Readonly<Record<string, string>>;

/** Set on answers where the service has not set its own. */
export interface AnswerDefaults {
  readonly platform: AnswerHeaders;
  /** Also these, where what is answered is a page. */
  readonly page: AnswerHeaders;
  readonly ownSite: AnswerHeaders;
}

export interface HstsOptions {
  readonly maxAgeMs: number;
  readonly withSubdomains: boolean;
}

/** Nothing runs, loads or is sent: a page that is meant to do more says itself what. */
const PAGE_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const transportSecurity = ({ maxAgeMs, withSubdomains }: HstsOptions): string =>
  `max-age=${Math.floor(maxAgeMs / 1000)}${withSubdomains ? '; includeSubDomains' : ''}`;

/** `hsts` undefined: browsers do not come by TLS. Who may frame a site is the site's to say. */
export const createAnswerDefaults = (hsts: HstsOptions | undefined): AnswerDefaults => {
  const ownSite = {
    'X-Content-Type-Options': 'nosniff',
    ...(hsts === undefined || hsts.maxAgeMs === 0
      ? {}
      : { 'Strict-Transport-Security': transportSecurity(hsts) }),
  };
  return {
    ownSite,
    platform: {
      ...ownSite,
      'Referrer-Policy': 'strict-origin-when-cross-origin',
      'X-Frame-Options': 'SAMEORIGIN',
    },
    page: {
      'Content-Security-Policy': PAGE_POLICY,
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Permissions-Policy': 'camera=(), microphone=(), geolocation=()',
    },
  };
};

/** What a browser would run the scripts of, opened by itself. */
export const isPage = (headers: IncomingHttpHeaders): boolean =>
  /^\s*(?:text\/html|application\/xhtml\+xml|image\/svg\+xml)/iu.test(headers['content-type'] ?? '');
