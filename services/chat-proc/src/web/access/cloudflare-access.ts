import type { IncomingHttpHeaders } from 'node:http';
import { parseCookie } from 'cookie';
import { createRemoteJWKSet, errors, jwtVerify } from 'jose';
import type { JWTPayload } from 'jose';
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
  readonly clock: Pick<Clock, 'now'>;
  /** Where a team publishes its keys. */
  readonly certsOf?: (team: string) => URL;
  /** Milliseconds after a fetch of keys in which an unknown key id is not asked for again. */
  readonly cooldownMs?: number;
}

const MAX_TOKEN_BYTES = 8 * 1024;
const LEEWAY_SEC = 60;
const KEYS_FOR_MS = 10 * 60_000;
const FETCH_MS = 5_000;
/** Keys are rotated every six weeks; who makes up key ids costs a fetch in this time and no more. */
const COOLDOWN_MS = 5_000;
const MAX_TEAMS = 100;
const HEADER = 'cf-access-jwt-assertion';
const COOKIE = 'CF_Authorization';

/** Tokens of Cloudflare Access (developers.cloudflare.com: "Validate JWTs"), checked here though Cloudflare has: the origin may be reached without it. */
export function createCloudflareAccess({
  clock,
  certsOf = (team) => new URL('/cdn-cgi/access/certs', team),
  cooldownMs = COOLDOWN_MS,
}: CloudflareAccessParts): CloudflareAccess {
  const keys = new LRUCache<string, ReturnType<typeof createRemoteJWKSet>>({ max: MAX_TEAMS });
  const keysOf = (team: string) => {
    const known = keys.get(team);
    if (known !== undefined) return known;
    // Fetches once at a time, keeps what it got, and asks again for an id that it does not know.
    const made = createRemoteJWKSet(certsOf(team), {
      cacheMaxAge: KEYS_FOR_MS,
      cooldownDuration: cooldownMs,
      timeoutDuration: FETCH_MS,
    });
    keys.set(team, made);
    return made;
  };
  return {
    async prove({ team, audience }, headers) {
      const token = readToken(headers);
      if (token === undefined) throw PlatformError.of('FORBIDDEN');
      const issuer = new URL(team).origin;
      try {
        const { payload } = await jwtVerify(token, keysOf(issuer), {
          algorithms: ['RS256'],
          issuer,
          audience,
          clockTolerance: LEEWAY_SEC,
          currentDate: new Date(clock.now()),
          requiredClaims: ['exp'],
        });
        return toUser(payload);
      } catch (error) {
        if (error instanceof PlatformError) throw error;
        if (isNoAnswer(error)) throw PlatformError.of('UPSTREAM_UNAVAILABLE', undefined, { cause: error });
        throw PlatformError.of('FORBIDDEN', undefined, { cause: error });
      }
    },
  };
}

/** The header before the cookie, which a page of the site could have set. */
function readToken(headers: IncomingHttpHeaders): string | undefined {
  const header = headers[HEADER];
  const token = typeof header === 'string' ? header : parseCookie(headers.cookie ?? '')[COOKIE];
  return token === undefined || Buffer.byteLength(token) > MAX_TOKEN_BYTES ? undefined : token;
}

/** A person has `sub` and `email`, a service token only `common_name`. */
function toUser({ sub, email, common_name: service }: JWTPayload): InvocationUser {
  const name = sub === undefined || sub === '' ? service : sub;
  if (typeof name !== 'string' || name === '') throw PlatformError.of('FORBIDDEN');
  return {
    user_id: `cloudflare:${name}`,
    ...(typeof email === 'string' ? { username: email } : {}),
    user_type: 'registered',
    roles: [],
  };
}

/** The keys did not come: nobody's token is wrong. Every other error of the library's says what the token lacks. */
function isNoAnswer(error: unknown): boolean {
  if (error instanceof errors.JWKSTimeout) return true;
  if (!(error instanceof errors.JOSEError)) return true;
  return error.code === 'ERR_JOSE_GENERIC';
}
