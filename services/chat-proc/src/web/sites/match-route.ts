import { createSitePattern } from '@switchyard/web-store';
import type { DynamicRoute } from '@switchyard/web-store';
import { readStatusPath } from '../dynamic/late-status.ts';

/** The route that answers; undefined: there is none for the path. */
export type MatchRoute = (method: string, path: string) => DynamicRoute | undefined;

/**
 * The first one that takes path and method; where no method fits, the first for the path, so that somebody says which would. Late answers
 * are asked for at one path, whichever routes a site has.
 */
export function createMatchRoute(routes: readonly DynamicRoute[]): MatchRoute {
  const made = routes.map((route) => ({ route, pattern: createSitePattern(route.pattern) }));
  return (method, path) => {
    const there = made.filter(({ pattern }) => pattern.match(path) !== undefined);
    const found = (there.find(({ route }) => takes(route, method)) ?? there[0])?.route;
    return found ?? (readStatusPath(path) === undefined ? undefined : routes[0]);
  };
}

/** A preflight is a question about another method, and is answered for the route as a whole. */
function takes({ methods }: DynamicRoute, method: string): boolean {
  if (methods === undefined || method === 'OPTIONS' || methods.includes(method)) return true;
  return method === 'HEAD' && methods.includes('GET');
}
