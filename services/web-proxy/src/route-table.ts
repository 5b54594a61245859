/** Whom a path belongs to. `login` is proxylogin, which is optional. */
export type Upstream = 'ingress' | 'proc' | 'login' | 'ui';

interface RouteRow {
  /** The path itself, or everything below it when it ends in a slash. */
  readonly path: string;
  readonly to: Upstream;
}

/** First match wins: the exceptions stand before what they are taken from. */
const ROUTES: readonly RouteRow[] = [
  { path: '/admin/integrations', to: 'proc' },
  { path: '/admin/integrations/', to: 'proc' },
  { path: '/api/integrations/', to: 'proc' },
  { path: '/sites/', to: 'proc' },
  { path: '/site-root/', to: 'proc' },
  { path: '/sse/', to: 'ingress' },
  { path: '/api/chat/', to: 'ingress' },
  { path: '/api/cb/', to: 'ingress' },
  { path: '/api/platform/', to: 'ingress' },
  { path: '/api/auth/', to: 'ingress' },
  { path: '/api/cp-frontend-config', to: 'ingress' },
  { path: '/socket.io', to: 'ingress' },
  { path: '/socket.io/', to: 'ingress' },
  { path: '/cb/socket.io', to: 'ingress' },
  { path: '/cb/socket.io/', to: 'ingress' },
  { path: '/profile', to: 'ingress' },
  { path: '/.well-known/jwks.json', to: 'ingress' },
  { path: '/admin/', to: 'ingress' },
  { path: '/auth/', to: 'login' },
];

/** The path of a request target, without its query. */
export const pathOf = (url: string): string => url.split('?', 1)[0] ?? '/';

export const decideUpstream = (path: string): Upstream =>
  ROUTES.find((row) => (row.path.endsWith('/') ? path.startsWith(row.path) : path === row.path))?.to ?? 'ui';
