/** Whom a path belongs to. `login` is proxylogin, which is optional. */
export type Upstream = 'ingress' | 'proc' | 'login' | 'ui';

/** What bodies of a path are made of, which says how large they may be. */
export type BodyKind = 'message' | 'archive' | 'site';

interface RouteRow {
  /** The path itself, or everything below it when it ends in a slash. */
  readonly path: string;
  readonly to: Upstream;
  /** `message` where nothing is said. */
  readonly body?: BodyKind;
}

/** First match wins: the exceptions stand before what they are taken from. */
const ROUTES: readonly RouteRow[] = [
  { path: '/admin/integrations', to: 'proc' },
  { path: '/admin/integrations/', to: 'proc', body: 'archive' },
  { path: '/api/integrations/', to: 'proc' },
  { path: '/procedures', to: 'proc' },
  { path: '/procedures/', to: 'proc' },
  { path: '/sites/', to: 'proc', body: 'site' },
  { path: '/site-root', to: 'proc', body: 'site' },
  { path: '/site-root/', to: 'proc', body: 'site' },
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
const ELSE: RouteRow = { path: '/', to: 'ui' };

/** The path of a request target, without its query. */
export const pathOf = (url: string): string => url.split('?', 1)[0] ?? '/';

export const decideRoute = (path: string): { readonly to: Upstream; readonly body: BodyKind } => {
  const { to, body = 'message' } =
    ROUTES.find((row) => (row.path.endsWith('/') ? path.startsWith(row.path) : path === row.path)) ?? ELSE;
  return { to, body };
};
