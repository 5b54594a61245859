import { createHmac, timingSafeEqual } from 'node:crypto';
import type { DerivedKeys } from '@switchyard/identity';
import type { Clock, Ids } from '@switchyard/kernel';
import { parseCookie, stringifySetCookie } from 'cookie';

/** `__Host-`: no neighbour in the domain can have set it. */
const KNOWN_COOKIE = '__Host-SYKB';
const VALUE = /^v1\.([\w-]{22})\.(\d{1,11})\.([\w-]{43})$/;
const ID_BYTES = 16;

/**
 * Browsers that have signed in to an account. Whoever guesses at an account from elsewhere can use up the attempts that strangers have, but
 * not those of its owner's own browser: nobody is locked out by others.
 */
export interface KnownBrowsers {
  /** Id of the browser, if it has signed in to this account. */
  recognise(cookieHeader: string | undefined, userId: string): string | undefined;
  /** Complete `Set-Cookie` value. */
  remember(userId: string): string;
}

export function createKnownBrowsers(parts: {
  keys: DerivedKeys;
  clock: Clock;
  ids: Ids;
  ttlMs: number;
}): KnownBrowsers {
  const { keys, clock, ids, ttlMs } = parts;
  const sign = (key: Buffer, id: string, issuedSec: string, userId: string): string =>
    createHmac('sha256', key)
      .update(JSON.stringify([id, issuedSec, userId]))
      .digest('base64url');

  return {
    recognise(cookieHeader, userId) {
      const value = parseCookie(cookieHeader ?? '')[KNOWN_COOKIE] ?? '';
      const [, id, issued, mac] = VALUE.exec(value) ?? [];
      if (id === undefined || issued === undefined || mac === undefined) return undefined;
      const isOurs = keys.all.some((key) =>
        timingSafeEqual(Buffer.from(sign(key, id, issued, userId)), Buffer.from(mac)),
      );
      return isOurs && clock.now() - Number(issued) * 1000 <= ttlMs ? id : undefined;
    },
    remember(userId) {
      const [id, issued] = [ids.token(ID_BYTES), String(Math.floor(clock.now() / 1000))];
      return stringifySetCookie({
        name: KNOWN_COOKIE,
        value: `v1.${id}.${issued}.${sign(keys.current, id, issued, userId)}`,
        maxAge: Math.floor(ttlMs / 1000),
        path: '/',
        httpOnly: true,
        secure: true,
        sameSite: 'lax',
      });
    },
  };
}
