import { join } from 'node:path';
import type { Request, Response } from 'express';
import type { WidgetTickets } from '@switchyard/identity';
import { PlatformError } from '@switchyard/kernel';
import type { BundleHold, Registry } from '@switchyard/registry';
import { PUBLIC_USER } from '../caller-of.ts';
import type { Guards } from '../caller-of.ts';
import { requireUse } from '../operations/may-use.ts';
import { serveFile } from './serve-file.ts';
import { folderInside, widgetFolder } from './widget-folders.ts';
import type { WidgetManifest } from './widget-folders.ts';

export interface BundleFilesParts {
  readonly guards: Guards;
  readonly registry: Pick<Registry, 'hold'>;
  readonly tickets: WidgetTickets;
  /** The bundle store, absolute. */
  readonly storeDir: string;
}

/** A file as it was asked for; `v`: the version that the address means. */
export interface FileRequest {
  readonly req: Request;
  readonly res: Response;
  readonly bundle: string;
  readonly path: readonly string[] | undefined;
  readonly v: string | undefined;
}

export interface BundleFiles {
  /** The version that serves, held while `work` goes on. Rejects NOT_FOUND where none serves. */
  withHold<T>(bundleId: string, work: (hold: BundleHold) => Promise<T> | T): Promise<T>;
  serveWidget(request: FileRequest & { alias: string; isPublic: boolean }): Promise<void>;
  serveStatic(request: FileRequest): Promise<void>;
}

const TICKET = /^~([\w-]+)$/;

/** Files of bundles: the version that serves is the one whose files are served. */
export function createBundleFiles({ guards, registry, tickets, storeDir }: BundleFilesParts): BundleFiles {
  const withHold: BundleFiles['withHold'] = async (bundleId, work) => {
    const hold = await registry.hold(bundleId).catch((error: unknown) => {
      // Unknown and unable to serve are told apart by operations; a file is there or it is not.
      if (error instanceof PlatformError && error.code === 'BUNDLE_UNAVAILABLE')
        throw PlatformError.of('NOT_FOUND');
      throw error;
    });
    try {
      return await work(hold);
    } finally {
      hold.release();
    }
  };

  /** By the ticket in the address: files of the version that the page began with, as long as it is kept. */
  const serveTicketed = async (
    { res, bundle, alias, path = [] }: FileRequest & { alias: string },
    ticket: string,
  ): Promise<void> => {
    const place = tickets.open(ticket)?.place;
    if (place === undefined || place.bundleId !== bundle || place.alias !== alias)
      throw PlatformError.of('BAD_TOKEN', 'The widget ticket has run out or is for another widget.');
    const { versionId } = place;
    const file = { folder: join(storeDir, place.folder), path: path.slice(1).join('/'), versionId };
    await serveFile(res, { ...file, isPinned: true, isPublic: false });
  };

  return {
    withHold,
    async serveWidget(request) {
      const { req, res, bundle, alias, path, v, isPublic } = request;
      const ticket = TICKET.exec(path?.[0] ?? '')?.[1];
      if (ticket !== undefined) return serveTicketed(request, ticket);
      const caller = isPublic ? PUBLIC_USER : await guards.session(req, res);
      await withHold(bundle, async ({ manifest, version: { versionId } }) => {
        const widget = widgetOf(manifest.widgets, alias);
        if (isPublic && widget.route !== 'public') throw PlatformError.of('NOT_FOUND');
        requireUse(widget, caller);
        requireVersion(v, versionId);
        // Without the slash its relative addresses would lead beside it.
        if (path === undefined && !req.path.endsWith('/')) return redirectInto(req, res);
        const folder = widgetFolder(storeDir, versionId, alias, widget);
        const file = { folder, path: (path ?? []).join('/'), versionId };
        await serveFile(res, { ...file, isPinned: v !== undefined, isPublic });
      });
    },
    async serveStatic({ req, res, bundle, path = [], v }) {
      await withHold(bundle, async ({ manifest, version: { versionId } }) => {
        const files = manifest.static;
        if (files === undefined) throw PlatformError.of('NOT_FOUND');
        const isPublic = files.route === 'public';
        if (!isPublic) requireUse(files, await guards.session(req, res));
        requireVersion(v, versionId);
        const folder = folderInside(join(storeDir, versionId), files.folder);
        await serveFile(res, {
          folder,
          path: path.join('/'),
          versionId,
          isPinned: v !== undefined,
          isPublic,
        });
      });
    },
  };
}

/** Throws NOT_FOUND. */
export function widgetOf(widgets: Readonly<Record<string, WidgetManifest>>, name: string): WidgetManifest {
  const widget = Object.hasOwn(widgets, name) ? widgets[name] : undefined;
  if (widget === undefined) throw PlatformError.of('NOT_FOUND');
  return widget;
}

function requireVersion(asked: string | undefined, serving: string): void {
  if (asked !== undefined && asked !== serving) throw PlatformError.of('NOT_FOUND');
}

function redirectInto(req: Request, res: Response): void {
  const [path = '', search] = req.originalUrl.split('?', 2);
  // Relative to this server, and never `//host`: the address began with /api.
  res.redirect(308, `${path}/${search === undefined ? '' : `?${search}`}`);
}
