import type { IncomingMessage } from 'node:http';

/** Which site a request is for. */
export type SiteAddress = {
  /** Path and query below the site, with the first slash. */
  readonly url: string;
  /** What stands before them in addresses: empty on an origin of the site's own. */
  readonly base: string;
  /** True: this origin holds the chat's cookies too. */
  readonly isShared: boolean;
} & (
  | { readonly alias: string; readonly deployId?: string }
  /** To be looked up: an origin of its own whose name says nothing. */
  | { readonly host: string }
);

/** Said by the proxy for what came to a site's host name or to the port of sites; from outside it is taken away. */
export const SITE_ORIGIN_HEADER = 'x-switchyard-site-origin';

const SHARED = /^\/sites\/([a-z0-9-]{1,63})(?:@([a-z0-9]{1,40}))?(?=[/?]|$)/u;
const ROOT = /^\/site-root(?=[/?]|$)/u;
const LABEL = /^(?:([a-z0-9]{1,40})--)?([a-z0-9-]{1,63})$/u;

/** Undefined: the request is for no site. `domain`: `{alias}.{domain}` and `{deploy}--{alias}.{domain}` name sites. */
export function readSiteAddress(req: IncomingMessage, domain: string): SiteAddress | undefined {
  const { url = '/' } = req;
  if (url.startsWith('/sites/')) {
    const match = SHARED.exec(url);
    if (match === null) return { alias: '', url: '/', base: '', isShared: true };
    const [base = '', alias = '', deployId] = match;
    const named = deployId === undefined ? { alias } : { alias, deployId };
    return { ...named, url: url.slice(base.length), base, isShared: true };
  }
  const match = ROOT.exec(url);
  if (match === null) return undefined;
  const isShared = req.headers[SITE_ORIGIN_HEADER] !== 'own';
  const rest = url.slice(match[0].length);
  const where = { url: rest.startsWith('/') ? rest : `/${rest}`, isShared };
  // On the platform's own origin `/site-root` is one more address of the one site that has no name.
  if (isShared) return { ...where, host: '', base: '/site-root' };
  const host = hostOf(req);
  const label = host.endsWith(`.${domain}`) ? host.slice(0, -domain.length - 1) : undefined;
  const named = label === undefined ? null : LABEL.exec(label);
  if (named === null) return { ...where, host, base: '' };
  const [, deployId, alias = ''] = named;
  return { ...where, base: '', ...(deployId === undefined ? { alias } : { alias, deployId }) };
}

function hostOf(req: IncomingMessage): string {
  const given = req.headers['x-forwarded-host'] ?? req.headers.host ?? '';
  return String(given).toLowerCase().replace(/:\d*$/u, '').replace(/\.$/u, '');
}
