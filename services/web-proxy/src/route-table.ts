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

/** Exceptions stand before what they are taken from: a path that is named itself goes first, then the first that it lies below. */
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
const ELSE = { to: 'ui', body: 'message' } as const;

/** The path of a request target, without its query. */
export const pathOf = (url: string): string => {
  const query = url.indexOf('?');
  return query < 0 ? url : url.slice(0, query);
};

interface Route {
  readonly to: Upstream;
  readonly body: BodyKind;
}

/** The table as it is asked: a path of its own is found at once, what lies below one in the order of the table. */
const EXACT = new Map<string, Route>();
const BELOW: (Route & { readonly path: string })[] = [];
for (const { path, to, body = 'message' } of ROUTES) {
  if (path.endsWith('/')) BELOW.push({ path, to, body });
  else EXACT.set(path, { to, body });
}

export const decideRoute = (path: string): Route =>
  EXACT.get(path) ?? BELOW.find((row) => path.startsWith(row.path)) ?? ELSE;
