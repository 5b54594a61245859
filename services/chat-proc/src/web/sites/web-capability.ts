import { defineCapability } from '@switchyard/capabilities';
import type { Capability, CapabilityCaller } from '@switchyard/capabilities';
import { PlatformError } from '@switchyard/kernel';
import type { CapabilityHandlers, WebOp, WebScope } from '@switchyard/protocol';
import {
  dynamicRouteSchema,
  isWithin,
  narrowScope,
  readSitePath,
  requireWithin,
  siteAliasSchema,
} from '@switchyard/web-store';
import type { DeployRow, NarrowedScope, Publisher, SiteRow, SiteRows } from '@switchyard/web-store';
import type { SiteUrls } from './site-urls.ts';

type Handlers = CapabilityHandlers<'web', CapabilityCaller>;

export interface WebCapabilityParts extends Pick<Handlers, 'respond' | 'purge'> {
  readonly rows: SiteRows;
  readonly publisher: Publisher;
  readonly urls: SiteUrls;
  /** A route was declared. */
  readonly onChange: (alias: string) => Promise<void>;
}

const LISTED_DEPLOYS = 100;
/** What the rules of a call refuse is told as a value (05); what its scope forbids, and what the platform did wrong, is thrown. */
const TOLD_AS_VALUE: ReadonlySet<string> = new Set([
  'UNPROCESSABLE',
  'TOO_LARGE',
  'NOT_FOUND',
  'INVALID_REQUEST',
]);

/** `web` of bundles: sites that they made, and those that an administrator let them publish to. */
export function createWebCapability(parts: WebCapabilityParts): Capability {
  const { rows, publisher, urls } = parts;
  const enter = createEntrance(rows);
  return defineCapability('web', {
    respond: parts.respond,
    purge: parts.purge,
    publish: (caller, path, content, { scope, contentType, encoding }) =>
      orError(async () => {
        const narrowed = await enter(caller, scope, 'publish');
        requirePath(narrowed, path);
        const bytes = toBytes(content, encoding);
        return publisher.publish(narrowed.site, { path, source: () => bytes, contentType }, caller.bundleId);
      }),
    unpublish: (caller, path, { scope }) =>
      orError(async () => {
        const narrowed = await enter(caller, scope, 'unpublish');
        requirePath(narrowed, path);
        return publisher.unpublish(narrowed.site, path, caller.bundleId);
      }),
    async list(caller, prefix, { scope, limit, cursor = '' }) {
      const narrowed = await enter(caller, scope, 'list');
      const { manifest } = await publisher.active(narrowed.site);
      const left = Object.entries(manifest)
        .filter(([path]) => path.startsWith(prefix) && path > cursor && isWithin(narrowed.pathPrefix, path))
        .toSorted(([a], [b]) => (a < b ? -1 : 1));
      const items = left
        .slice(0, limit)
        .map(([path, { size, type, sha256 }]) => ({ path, size, content_type: type, sha256 }));
      const last = items.at(-1);
      return { items, ...(left.length > limit && last !== undefined ? { next_cursor: last.path } : {}) };
    },
    async url(caller, path, { scope }) {
      const narrowed = await enter(caller, scope, 'url');
      if (path === '') return urls.of(narrowed.site, '');
      const read = readSitePath(path);
      if ('error' in read) throw PlatformError.of('INVALID_REQUEST', read.error);
      return urls.of(narrowed.site, read.path);
    },
    deploy: (caller, files, { scope }) =>
      orError(async () => {
        const narrowed = await enter(caller, scope, 'deploy');
        for (const { path } of files) requirePath(narrowed, path);
        const given = files.map(({ path, content, contentType }) => {
          const bytes = toBytes(content, undefined);
          return { path, source: () => bytes, contentType };
        });
        const options = { createdBy: caller.bundleId, below: narrowed.pathPrefix };
        const { deployId } = await publisher.deploy(narrowed.site, given, options);
        return findDeploy(narrowed.site, deployId);
      }),
    async deploys(caller, { scope }) {
      const narrowed = await enter(caller, scope, 'deploys');
      return (await rows.listDeploys(narrowed.site, LISTED_DEPLOYS)).map((row) => viewOf(narrowed.site, row));
    },
    rollback: (caller, deployId, { scope }) =>
      orError(async () => {
        const narrowed = await enter(caller, scope, 'rollback');
        requireWhole(narrowed, 'web.rollback');
        return findDeploy(narrowed.site, await publisher.rollback(narrowed.site, deployId));
      }),
    route: (caller, pattern, { scope, ...options }) =>
      orError(async () => {
        const narrowed = await enter(caller, scope, 'route');
        const route = dynamicRouteSchema.safeParse({ pattern, ...options, bundleId: caller.bundleId });
        if (!route.success)
          throw PlatformError.of(
            'UNPROCESSABLE',
            `The route is not valid: ${route.error.issues[0]?.message ?? ''}`,
          );
        requireWithin(narrowed, pattern.slice(1).split('*', 1)[0]?.replace(/\/$/u, '') ?? '');
        await declare(narrowed.site, route.data);
        await parts.onChange(narrowed.site);
        return { pattern };
      }),
  });

  function viewOf(alias: string, row: DeployRow) {
    const { deploy_id: id, created_at, created_by, is_active, files, bytes, problems } = row;
    const url = urls.of(alias, '', id);
    return { id, created_at: created_at.toISOString(), created_by, is_active, files, bytes, problems, url };
  }

  async function findDeploy(alias: string, deployId: string) {
    const row = await rows.findDeploy(alias, deployId);
    if (row === undefined) throw PlatformError.of('NOT_FOUND');
    return viewOf(alias, row);
  }

  /** In front of what was there: the newest word of a pattern counts. Read and written again where others change the site too. */
  async function declare(
    alias: string,
    route: SiteRow['settings']['dynamic']['routes'][number],
  ): Promise<void> {
    for (let tries = 0; tries < 20; tries += 1) {
      const row = await rows.find(alias);
      if (row === undefined) throw PlatformError.of('NOT_FOUND');
      const { dynamic } = row.settings;
      const others = dynamic.routes.filter(({ pattern }) => pattern !== route.pattern);
      const settings = { ...row.settings, dynamic: { ...dynamic, routes: [route, ...others].slice(0, 200) } };
      if ((await rows.change(alias, { settings }, row.version)) !== 'CONFLICT') return;
    }
    throw PlatformError.of('UNAVAILABLE', 'Others change this site all the time; try again.');
  }
}

const MAKES: ReadonlySet<WebOp> = new Set(['publish', 'deploy', 'route']);

/** Lets a call in to the one site that it names, which is made where it is the bundle's own and not there yet. */
function createEntrance(rows: SiteRows) {
  return async (caller: CapabilityCaller, asked: WebScope | undefined, op: WebOp): Promise<NarrowedScope> => {
    const { bundleId } = caller;
    const ownSite = bundleId
      .toLowerCase()
      .replace(/[^a-z0-9]+/gu, '-')
      .replace(/^-|-$/gu, '');
    const narrowed = narrowScope(caller.webScope, asked, { op, ownSite });
    const { site } = narrowed;
    const isNamed = site === (caller.webScope?.site ?? ownSite);
    if (MAKES.has(op) && isNamed && siteAliasSchema.safeParse(site).success)
      await rows.create(site, bundleId);
    const row = await rows.find(site);
    const isOwn = row?.owner === bundleId || row?.settings.publishers.includes(bundleId) === true;
    // One that is not there and one that is somebody else's are the same to a bundle.
    if (!isOwn)
      throw PlatformError.of('CAPABILITY_DENIED', `The bundle may not use the site "${site}".`, {
        details: { site },
      });
    return narrowed;
  };
}

/** Throws UNPROCESSABLE for what is no path, CAPABILITY_DENIED for one beside the scope. */
function requirePath(scope: NarrowedScope, text: string): void {
  const read = readSitePath(text);
  if ('error' in read) throw PlatformError.of('UNPROCESSABLE', `${text.slice(0, 200)}: ${read.error}`);
  requireWithin(scope, read.path);
}

function requireWhole({ pathPrefix }: NarrowedScope, what: string): void {
  if (pathPrefix !== '')
    throw PlatformError.of(
      'CAPABILITY_DENIED',
      `${what} is about a whole site; the scope holds a part of it.`,
    );
}

function toBytes(content: string | Uint8Array, encoding: 'base64' | undefined): Uint8Array {
  if (typeof content !== 'string') return content;
  if (encoding === undefined) return Buffer.from(content);
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/u.test(content))
    throw PlatformError.of('UNPROCESSABLE', 'The content is not base64.');
  return Buffer.from(content, 'base64');
}

async function orError<T>(run: () => Promise<T>): Promise<T | { error: string }> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof PlatformError && TOLD_AS_VALUE.has(error.code)) return { error: error.message };
    throw error;
  }
}
