import type { TokenVault } from '@switchyard/identity';
import { COOKIE } from '@switchyard/protocol';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** `Location`. */
  readonly to: string | null;
}

/** Cookies, and what web-proxy makes of them: the masked one goes no further, its token does. */
export interface Browser {
  readonly cookies: Map<string, string>;
  get(path: string, headers?: Record<string, string>): Promise<Answer>;
  /** A form of our own page; `body` in place of it is sent as it is written. */
  post(
    path: string,
    form: Record<string, string>,
    headers?: Record<string, string>,
    body?: string,
  ): Promise<Answer>;
}

const USER_AGENT = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36';

export function createBrowser(parts: {
  url: string;
  vault: Pick<TokenVault, 'unmask'>;
  address?: string;
}): Browser {
  const { url, vault, address } = parts;
  const cookies = new Map<string, string>();

  const headersFor = async (more: Record<string, string>): Promise<Record<string, string>> => {
    const others = [...cookies].filter(([name]) => name !== COOKIE.masked);
    const token = await vault.unmask(cookies.get(COOKIE.masked) ?? '');
    return {
      'user-agent': USER_AGENT,
      'sec-fetch-site': 'same-origin',
      'x-forwarded-host': 'localhost:8080',
      'x-forwarded-proto': 'http',
      ...(others.length === 0 ? {} : { cookie: others.map((pair) => pair.join('=')).join('; ') }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(address === undefined ? {} : { 'x-forwarded-for': address }),
      ...more,
    };
  };

  const ask = async (path: string, init: RequestInit, more: Record<string, string>): Promise<Answer> => {
    const headers = await headersFor(more);
    const response = await fetch(`${url}${path}`, { redirect: 'manual', ...init, headers });
    for (const line of response.headers.getSetCookie()) {
      const [name = '', value = ''] = (line.split(';', 1)[0] ?? '').split('=');
      if (/Max-Age=0/.test(line)) cookies.delete(name);
      else cookies.set(name, value);
    }
    const { status } = response;
    return {
      status,
      headers: response.headers,
      text: await response.text(),
      to: response.headers.get('location'),
    };
  };

  return {
    cookies,
    get: (path, headers = {}) => ask(path, {}, headers),
    post: (path, form, headers = {}, body) =>
      ask(path, { method: 'POST', body: body ?? new URLSearchParams(form) }, headers),
  };
}
