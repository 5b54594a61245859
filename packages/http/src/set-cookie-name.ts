/**
 * The name under which a browser sends a cookie back. One without a name is sent as its value alone, so `=__Secure-A=b` is the cookie
 * `__Secure-A` for whoever reads it (RFC 6265bis, 5.7, has browsers refuse only the prefixes).
 */
export function setCookieName(setCookie: string): string {
  return (/^[\s=]*([^=;]*)/u.exec(setCookie)?.[1] ?? '').trim();
}
