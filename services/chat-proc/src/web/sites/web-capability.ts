import { defineCapability } from '@switchyard/capabilities';
import type { Capability, CapabilityCaller } from '@switchyard/capabilities';
import { PlatformError } from '@switchyard/kernel';
import type { CapabilityHandlers } from '@switchyard/protocol';
import { isWithin, readSitePath, requireWithin } from '@switchyard/web-store';
import type { NarrowedScope, Publisher, SiteRows } from '@switchyard/web-store';
import { createDeployViews } from './deploy-view.ts';
import { declareRoute } from './declare-route.ts';
import type { SiteUrls } from './site-urls.ts';
import { createEntrance } from './web-entrance.ts';

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
  const views = createDeployViews({ rows, urls });
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
        return views.find(narrowed.site, deployId);
      }),
    async deploys(caller, { scope }) {
      const narrowed = await enter(caller, scope, 'deploys');
      return (await rows.listDeploys(narrowed.site, LISTED_DEPLOYS)).map((row) =>
        views.of(narrowed.site, row),
      );
    },
    rollback: (caller, deployId, { scope }) =>
      orError(async () => {
        const narrowed = await enter(caller, scope, 'rollback');
        requireWhole(narrowed, 'web.rollback');
        return views.find(narrowed.site, await publisher.rollback(narrowed.site, deployId));
      }),
    route: (caller, pattern, { scope, ...options }) =>
      orError(async () => {
        const narrowed = await enter(caller, scope, 'route');
        await declareRoute(rows, narrowed, { ...options, pattern, bundleId: caller.bundleId });
        await parts.onChange(narrowed.site);
        return { pattern };
      }),
  });
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
