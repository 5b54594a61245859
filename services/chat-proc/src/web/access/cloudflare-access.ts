import type { IncomingHttpHeaders } from 'node:http';
import { ACCESS_HEADER, createAccessVerifier } from '@switchyard/identity';
import type { AccessVerifier } from '@switchyard/identity';
import { parseCookie } from 'cookie';
import { LRUCache } from 'lru-cache';
import { PlatformError } from '@switchyard/kernel';
import type { Clock } from '@switchyard/kernel';
import type { InvocationUser } from '@switchyard/protocol';
import type { SiteAccess } from '@switchyard/web-store';

type Team = Omit<Extract<SiteAccess, { kind: 'cloudflareAccess' }>, 'kind'>;

export interface CloudflareAccess {
  /** Who Cloudflare says it is. Throws FORBIDDEN for everything that it does not say, UPSTREAM_UNAVAILABLE when its keys cannot be had. */
  prove(team: Team, headers: IncomingHttpHeaders): Promise<InvocationUser>;
}

export interface CloudflareAccessParts {
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
  /** Where a team publishes its keys, if not where Cloudflare has them. */
  readonly certsOf?: (team: string) => string;
  /** Milliseconds after a fetch of keys in which an unknown key id is not asked for again. */
  readonly cooldownMs?: number;
}

const MAX_APPLICATIONS = 100;
const COOKIE = 'CF_Authorization';
const NOBODY: ReadonlySet<string> = new Set(['BAD_TOKEN', 'TOKEN_EXPIRED']);

/** Tokens of Cloudflare Access before a site: checked here though Cloudflare has, for the origin may be reached without it. */
export function createCloudflareAccess({
  clock,
  certsOf,
  cooldownMs,
}: CloudflareAccessParts): CloudflareAccess {
  const verifiers = new LRUCache<string, AccessVerifier>({ max: MAX_APPLICATIONS });
  const verifierOf = ({ team, audience }: Team): AccessVerifier => {
    const issuer = new URL(team).origin;
    const key = `${issuer} ${audience}`;
    const known = verifiers.get(key);
    if (known !== undefined) return known;
    const keys = cooldownMs === undefined ? {} : { cooldownMs };
    const made = createAccessVerifier(
      { issuer, audiences: [audience], certsUrl: certsOf?.(issuer), keys },
      clock,
    );
    verifiers.set(key, made);
    return made;
  };
  return {
    async prove(team, headers) {
      const token = readToken(headers);
      if (token === undefined) throw PlatformError.of('FORBIDDEN');
      try {
        const { subject, email } = await verifierOf(team).verify(token);
        return {
          user_id: `cloudflare:${subject}`,
          ...(email === undefined ? {} : { username: email }),
          user_type: 'registered',
          roles: [],
        };
      } catch (error) {
        const isNobody = error instanceof PlatformError && NOBODY.has(error.code);
        throw PlatformError.of(isNobody ? 'FORBIDDEN' : 'UPSTREAM_UNAVAILABLE', undefined, { cause: error });
      }
    },
  };
}

/** The header before the cookie, which a page of the site could have set. */
function readToken(headers: IncomingHttpHeaders): string | undefined {
  const header = headers[ACCESS_HEADER];
  return typeof header === 'string' ? header : parseCookie(headers.cookie ?? '')[COOKIE];
}
