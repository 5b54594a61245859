import type { IncomingHttpHeaders } from 'node:http';
import { refuseOtherSites } from '@switchyard/http';
import type { Caller, Identity } from '@switchyard/identity';
import { PlatformError } from '@switchyard/kernel';
import type { InvocationUser } from '@switchyard/protocol';
import type { ServedSite } from '@switchyard/web-store';
import { userOf } from '../../operations/user-of.ts';
import type { CloudflareAccess } from './cloudflare-access.ts';

/** Who was let in, and by whose word. */
export interface Admission {
  readonly kind: 'public' | 'platform' | 'cloudflare';
  /** Nobody in particular on a public site. */
  readonly user?: InvocationUser;
}

export interface AccessedRequest {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
}

export interface SiteAccess {
  /**
   * Lets a request to a site in, or throws: USER_REQUIRED for who has not signed in at the platform, BAD_TOKEN and TOKEN_EXPIRED for what is
   * no sign-in, FORBIDDEN for somebody who may not, and for every failure of a Cloudflare Access token; UPSTREAM_UNAVAILABLE when
   * Cloudflare's keys cannot be had. Asked before anything of a site is served; on a public one it costs nothing.
   */
  admit(site: Pick<ServedSite, 'settings'>, req: AccessedRequest): Promise<Admission>;
}

export interface SiteAccessParts {
  readonly identity: Pick<Identity, 'identify'>;
  readonly cloudflare: CloudflareAccess;
}

const PUBLIC: Admission = Object.freeze({ kind: 'public' });

export function createSiteAccess({ identity, cloudflare }: SiteAccessParts): SiteAccess {
  return {
    async admit({ settings: { access, cors } }, req) {
      switch (access.kind) {
        case 'public':
          return PUBLIC;
        case 'cloudflareAccess':
          return { kind: 'cloudflare', user: await cloudflare.prove(access, req.headers) };
        default: {
          // A preflight carries no credentials by its own rules; it is answered by the gateway and says nothing of the site.
          if (isPreflight(req) && cors !== undefined) return PUBLIC;
          const { origin } = req.headers;
          const isAsked = cors?.credentials === true && origin !== undefined && cors.origins.includes(origin);
          if (!isAsked) refuseOtherSites(req);
          const caller = await identity.identify({ headers: req.headers, query: {}, allowQueryToken: false });
          requireAccess(caller, access.kind === 'users' ? undefined : access.userTypes);
          return { kind: 'platform', user: userOf(caller) };
        }
      }
    },
  };
}

function requireAccess(caller: Caller, userTypes: readonly string[] | undefined): void {
  if (caller.kind !== 'user') throw PlatformError.of('USER_REQUIRED');
  if (userTypes !== undefined && !userTypes.includes(caller.userType)) throw PlatformError.of('FORBIDDEN');
}

function isPreflight({ method, headers }: AccessedRequest): boolean {
  return (
    method === 'OPTIONS' &&
    headers.origin !== undefined &&
    headers['access-control-request-method'] !== undefined
  );
}
