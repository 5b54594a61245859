import { createOneUseCodes } from '@switchyard/identity';
import type { Ids } from '@switchyard/kernel';
import type { Keys, RedisConnection } from '@switchyard/redis';
import { parseCookie, stringifySetCookie } from 'cookie';

const COOKIE = '__Host-SYHW';
const TTL_MS = 10 * 60_000;

export interface Waiting {
  readonly userId: string;
  /** Where to go afterwards, a path of ours. */
  readonly to: string;
}

/** Who has shown a password and not yet a code. It opens nothing, and is another one at each sign-in. */
export interface HalfWay {
  /** Complete `Set-Cookie` value. */
  begin(waiting: Waiting): Promise<string>;
  look(cookieHeader: string | undefined): Promise<Waiting | undefined>;
  use(cookieHeader: string | undefined): Promise<Waiting | undefined>;
  /** The `Set-Cookie` value that removes it. */
  forget(): string;
}

export function createHalfWay(parts: { redis: RedisConnection; keys: Keys; ids: Ids }): HalfWay {
  const { redis, keys, ids } = parts;
  const codes = createOneUseCodes<Waiting>({ redis, ids, keyOf: keys.authHalfWay, ttlMs: TTL_MS });
  const valueOf = (cookieHeader: string | undefined): string => parseCookie(cookieHeader ?? '')[COOKIE] ?? '';
  const cookie = (value: string, maxAge: number): string =>
    stringifySetCookie({
      name: COOKIE,
      value,
      maxAge,
      path: '/',
      httpOnly: true,
      secure: true,
      sameSite: 'lax',
    });
  return {
    begin: async (waiting) => cookie(await codes.make(waiting), TTL_MS / 1000),
    look: (header) => codes.look(valueOf(header)),
    use: (header) => codes.use(valueOf(header)),
    forget: () => cookie('', 0),
  };
}
