import { createHmac, timingSafeEqual } from 'node:crypto';

/** A browser that nobody signed in to, known by a signed cookie: `v1.<id>.<issued, epoch s>.<mac>`. */
export interface AnonymousId {
  id: string;
  issuedAtSec: number;
}

const COOKIE = /^v1\.([\w-]{22})\.(\d{1,11})\.([\w-]{43})$/;

export function signAnonymous(key: Buffer, { id, issuedAtSec }: AnonymousId): string {
  const text = `v1.${id}.${issuedAtSec}`;
  return `${text}.${createHmac('sha256', key).update(text).digest('base64url')}`;
}

/** Undefined when it is not ours, was changed, or is older than `ttlSec`. */
export function readAnonymous(
  key: Buffer,
  cookie: string,
  nowSec: number,
  ttlSec: number,
): AnonymousId | undefined {
  const match = COOKIE.exec(cookie);
  const [id, issued, mac] = [match?.[1], match?.[2], match?.[3]];
  if (id === undefined || issued === undefined || mac === undefined) return undefined;
  const found = { id, issuedAtSec: Number(issued) };
  const expected = Buffer.from(signAnonymous(key, found));
  const given = Buffer.from(cookie);
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
  return nowSec - found.issuedAtSec > ttlSec ? undefined : found;
}
