import { PlatformError } from '@switchyard/kernel';
import { dynamicRouteSchema, requireWithin } from '@switchyard/web-store';
import type { NarrowedScope, SiteRows } from '@switchyard/web-store';

const MAX_TRIES = 20;
const MAX_ROUTES = 200;

/**
 * In front of what was there: the newest word of a pattern counts. Read and written again where others change the site too. Throws
 * UNPROCESSABLE for what is no route, CAPABILITY_DENIED for one beside the scope.
 */
export async function declareRoute(
  rows: Pick<SiteRows, 'find' | 'change'>,
  scope: NarrowedScope,
  given: { pattern: string; bundleId: string },
): Promise<void> {
  const read = dynamicRouteSchema.safeParse(given);
  if (!read.success)
    throw PlatformError.of('UNPROCESSABLE', `This is no route: ${read.error.issues[0]?.message ?? ''}`);
  const route = read.data;
  requireWithin(scope, folderOf(route.pattern));
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const row = await rows.find(scope.site);
    if (row === undefined) throw PlatformError.of('NOT_FOUND');
    const { dynamic } = row.settings;
    const others = dynamic.routes.filter(({ pattern }) => pattern !== route.pattern);
    const routes = [route, ...others].slice(0, MAX_ROUTES);
    const settings = { ...row.settings, dynamic: { ...dynamic, routes } };
    if ((await rows.change(scope.site, { settings }, row.version)) !== 'CONFLICT') return;
  }
  throw PlatformError.of('UNAVAILABLE', 'Others change this site all the time; try again.');
}

/** In which everything lies that a pattern takes: of a segment that goes on by `*` only what stands before it says where. */
function folderOf(pattern: string): string {
  const [literal = ''] = pattern.slice(1).split(/[*:]/u, 1);
  const isWhole = literal.length === pattern.length - 1;
  return (isWhole ? literal : literal.slice(0, literal.lastIndexOf('/') + 1)).replace(/\/$/u, '');
}
