import { stringifySetCookie } from 'cookie';

/**
 * A `Set-Cookie` value of the platform: out of reach of scripts, only over TLS (browsers make an exception for localhost),
 * not sent along by other sites. `maxAgeSec` 0 removes the cookie.
 */
export function serverCookie(name: string, value: string, maxAgeSec: number): string {
  return stringifySetCookie({
    name,
    value,
    maxAge: maxAgeSec,
    path: '/',
    httpOnly: true,
    secure: true,
    sameSite: 'lax',
  });
}
