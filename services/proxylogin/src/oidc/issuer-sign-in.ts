import { createOneUseCodes, readIssuerIdentity } from '@switchyard/identity';
import type { Proof } from '@switchyard/identity';
import { PlatformError, hashHex } from '@switchyard/kernel';
import type { Ids } from '@switchyard/kernel';
import { decideUserType, roleNames } from '@switchyard/protocol';
import type { Keys, RedisConnection } from '@switchyard/redis';
import type { Users } from '@switchyard/store';
import { parseCookie, stringifySetCookie } from 'cookie';
import type { LoginConfig } from '../env.ts';
import type { Issuer, IssuerWord } from './issuer.ts';
import type { LogoutHints } from './logout-hints.ts';

const COOKIE = '__Host-SYOF';
const TTL_MS = 10 * 60_000;
const RANDOM_BYTES = 32;
const BROWSER = /^[\w-]{43}$/;

/** What is known of a sign-in that has gone to the issuer; its key is the `state`. */
interface Flow {
  readonly verifier: string;
  readonly nonce: string;
  readonly to: string;
  /** Of the cookie of the browser that went: another one that brings the answer back is not let in. */
  readonly browserHash: string;
}

export interface IssuerSignIn {
  /** Where the browser goes, and the cookie that it comes back with; one for all its tabs. */
  begin(to: string, cookieHeader: string | undefined): Promise<{ url: URL; setCookie: string }>;
  /** Throws BAD_TOKEN (`auth.flow_refused`) for an answer that was not asked for, was used, or came by another browser. */
  finish(query: URLSearchParams, cookieHeader: string | undefined): Promise<{ proof: Proof; to: string }>;
  /** Asks whether a sign-in still holds there, and takes over what is said of its user now. */
  ask(refreshToken: string, userId: string): Promise<{ refreshToken: string } | undefined>;
}

export function createIssuerSignIn(parts: {
  issuer: Issuer;
  users: Pick<Users, 'put'>;
  hints: LogoutHints;
  redis: RedisConnection;
  keys: Keys;
  ids: Ids;
  config: LoginConfig;
}): IssuerSignIn {
  const { issuer, users, hints, redis, keys, ids, config } = parts;
  const flows = createOneUseCodes<Flow>({ redis, ids, keyOf: keys.authFlow, ttlMs: TTL_MS });
  const browserOf = (header: string | undefined) => parseCookie(header ?? '')[COOKIE] ?? '';

  /** Accounts there are users here; their roles are what the issuer says now. */
  async function takeOver(word: IssuerWord): Promise<string> {
    const user = readIssuerIdentity(word.claims, config);
    const userType = decideUserType(user.roles, roleNames(config.rolePrefix));
    await users.put({ ...user, userType });
    return user.userId;
  }

  return {
    async begin(to, cookieHeader) {
      const given = browserOf(cookieHeader);
      const browser = BROWSER.test(given) ? given : ids.token(RANDOM_BYTES);
      const [verifier, nonce] = [ids.token(RANDOM_BYTES), ids.token(RANDOM_BYTES)];
      const state = await flows.make({ verifier, nonce, to, browserHash: hashHex(browser) });
      const url = await issuer.authorizeUrl({ verifier, nonce, state });
      const setCookie = stringifySetCookie({
        name: COOKIE,
        value: browser,
        maxAge: TTL_MS / 1000,
        path: '/',
        httpOnly: true,
        secure: true,
        // The answer comes by a link from the issuer's page.
        sameSite: 'lax',
      });
      return { url, setCookie };
    },
    async finish(query, cookieHeader) {
      const state = query.get('state') ?? '';
      const seen = await flows.look(state);
      const isOwn = seen !== undefined && hashHex(browserOf(cookieHeader)) === seen.browserHash;
      // Who brings it by another browser does not use it up.
      const flow = isOwn ? await flows.use(state) : undefined;
      if (flow === undefined)
        throw PlatformError.of('BAD_TOKEN', 'This sign-in has run out. Please begin again.', {
          errorType: 'auth.flow_refused',
        });
      const word = await issuer.exchange(query, { ...flow, state });
      const userId = await takeOver(word);
      const { sid, refreshToken, idToken } = word;
      const logoutHint = idToken === undefined ? undefined : hints.seal(userId, idToken);
      return {
        proof: { userId, method: 'oidc', issuer: { provider: 'oidc', sid, refreshToken, logoutHint } },
        to: flow.to,
      };
    },
    async ask(refreshToken, userId) {
      const word = await issuer.refresh(refreshToken);
      if (word === undefined) return undefined;
      // An answer about somebody else ends the sign-in; it must not change whose it is.
      if (readIssuerIdentity(word.claims, config).userId !== userId) return undefined;
      await takeOver(word);
      return { refreshToken: word.refreshToken ?? refreshToken };
    },
  };
}
