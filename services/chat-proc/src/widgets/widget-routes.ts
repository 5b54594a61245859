import { join, relative } from 'node:path';
import type { Request, Response } from 'express';
import { defineRoute } from '@switchyard/http';
import type { Route } from '@switchyard/http';
import type { WidgetTickets } from '@switchyard/identity';
import { PlatformError } from '@switchyard/kernel';
import { idSchema, widgetListSchema, widgetTicketSchema } from '@switchyard/protocol';
import type { WidgetList, WidgetTicket } from '@switchyard/protocol';
import type { BundleHold, Registry } from '@switchyard/registry';
import { z } from 'zod';
import { PUBLIC_USER } from '../caller-of.ts';
import type { Guards } from '../caller-of.ts';
import { mayUse } from '../operations/may-use.ts';
import { serveFile } from './serve-file.ts';
import { folderInside, widgetFolder } from './widget-folders.ts';
import type { WidgetManifest } from './widget-folders.ts';

export interface WidgetRouteParts {
  readonly guards: Guards;
  readonly registry: Pick<Registry, 'hold'>;
  readonly tickets: WidgetTickets;
  /** The bundle store, absolute. */
  readonly storeDir: string;
  /** The module that widgets without a build import, as a script. */
  readonly clientScript: string;
}

const scoped = { tenant: idSchema, project: idSchema, bundle: idSchema };
const ofBundle = z.object(scoped);
const alias = z.string().min(1).max(64);
const ofWidget = ofBundle.extend({ alias });
const withPath = ofWidget.extend({ path: z.array(z.string()).optional() });
const ofStatic = ofBundle.extend({ path: z.array(z.string()).optional() });
/** `v`: the version that the address means; one that does not serve any more is 404. */
const pinned = z.looseObject({ v: z.string().max(400).optional() });

const BUNDLE = '/api/integrations/bundles/:tenant/:project/:bundle';
const TICKET = /^~([\w-]+)$/;

type FileRequest = { req: Request; res: Response };

/** Pages and files of bundles (03 §6). The version that serves is the one whose files are served. */
export function createWidgetRoutes(parts: WidgetRouteParts): Route[] {
  const { guards, registry, tickets, storeDir } = parts;

  const withHold = async <T>(bundleId: string, work: (hold: BundleHold) => Promise<T>): Promise<T> => {
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
    res: Response,
    params: z.output<typeof withPath>,
    ticket: string,
  ): Promise<void> => {
    const place = tickets.open(ticket)?.place;
    if (place === undefined || place.bundleId !== params.bundle || place.alias !== params.alias)
      throw PlatformError.of('BAD_TOKEN', 'The widget ticket has run out or is for another widget.');
    const path = (params.path ?? []).slice(1).join('/');
    const folder = join(storeDir, place.folder);
    await serveFile(res, { folder, path, versionId: place.versionId, isPinned: true, isPublic: false });
  };

  const serveWidget = async (
    { req, res }: FileRequest,
    params: z.output<typeof withPath>,
    { isPublic, v }: { isPublic: boolean; v?: string | undefined },
  ): Promise<void> => {
    guards.scope(params);
    const ticket = TICKET.exec(params.path?.[0] ?? '')?.[1];
    if (ticket !== undefined) return serveTicketed(res, params, ticket);
    const caller = isPublic ? PUBLIC_USER : await guards.session(req, res);
    await withHold(params.bundle, async ({ manifest, version: { versionId } }) => {
      const widget = widgetOf(manifest.widgets, params.alias);
      if (isPublic && widget.route !== 'public') throw PlatformError.of('NOT_FOUND');
      if (!mayUse(widget, caller)) throw PlatformError.of('FORBIDDEN');
      if (v !== undefined && v !== versionId) throw PlatformError.of('NOT_FOUND');
      // Without the slash its relative addresses would lead beside it.
      if (params.path === undefined && !req.path.endsWith('/')) return redirectInto(req, res);
      const folder = widgetFolder(storeDir, versionId, params.alias, widget);
      const path = (params.path ?? []).join('/');
      await serveFile(res, { folder, path, versionId, isPinned: v !== undefined, isPublic });
    });
  };

  const widgetRoute = (path: string, isPublic: boolean): Route =>
    defineRoute({
      method: 'get',
      path,
      summary: isPublic ? 'A file of a public widget' : 'A file of a widget',
      tag: 'widgets',
      guard: isPublic ? 'none' : 'session',
      params: withPath,
      query: pinned,
      handle: ({ params, query: { v }, req, res }) => serveWidget({ req, res }, params, { isPublic, v }),
    });

  const staticRoute = (path: string): Route =>
    defineRoute({
      method: 'get',
      path,
      summary: 'A file of the folder that a bundle offers as `static`',
      tag: 'widgets',
      guard: 'none',
      params: ofStatic,
      query: pinned,
      async handle({ params, query: { v }, req, res }) {
        guards.scope(params);
        await withHold(params.bundle, async ({ manifest, version: { versionId } }) => {
          const files = manifest.static;
          if (files === undefined) throw PlatformError.of('NOT_FOUND');
          const isPublic = files.route === 'public';
          if (!isPublic && !mayUse(files, await guards.session(req, res)))
            throw PlatformError.of('FORBIDDEN');
          if (v !== undefined && v !== versionId) throw PlatformError.of('NOT_FOUND');
          const folder = folderInside(join(storeDir, versionId), files.folder);
          const file = { folder, path: (params.path ?? []).join('/'), versionId };
          await serveFile(res, { ...file, isPinned: v !== undefined, isPublic });
        });
      },
    });

  return [
    defineRoute({
      method: 'get',
      path: '/api/integrations/widgets/bridge.js',
      summary: 'The module by which a widget without a build speaks with the page that holds it',
      tag: 'widgets',
      guard: 'none',
      handle({ res }) {
        res.setHeader('Cache-Control', 'public, max-age=300');
        res.setHeader('Cross-Origin-Resource-Policy', 'cross-origin');
        res.setHeader('Access-Control-Allow-Origin', '*');
        res.type('text/javascript').send(parts.clientScript);
      },
    }),
    defineRoute({
      method: 'get',
      path: `${BUNDLE}/widgets`,
      summary: 'The widgets of a bundle that the caller may see',
      tag: 'widgets',
      guard: 'session',
      params: ofBundle,
      answer: widgetListSchema,
      async handle({ params, req, res }): Promise<WidgetList> {
        const caller = await guards.session(req, res);
        guards.scope(params);
        return withHold(params.bundle, async ({ manifest, version }) => ({
          bundle_id: params.bundle,
          version: version.versionId,
          widgets: Object.entries(manifest.widgets)
            .filter(([, widget]) => mayUse(widget, caller))
            .map(([name, { title, icon, route }]) => ({
              alias: name,
              title,
              ...(icon === undefined ? {} : { icon }),
              route,
            })),
        }));
      },
    }),
    defineRoute({
      method: 'post',
      path: `${BUNDLE}/widgets/:alias/ticket`,
      summary: 'A ticket for the files of one widget and the operations of its bundle',
      tag: 'widgets',
      guard: 'session',
      params: ofWidget,
      answer: widgetTicketSchema,
      async handle({ params, req, res }): Promise<WidgetTicket> {
        const caller = await guards.session(req, res);
        guards.scope(params);
        return withHold(params.bundle, async ({ manifest, version: { versionId } }) => {
          const widget = widgetOf(manifest.widgets, params.alias);
          if (!mayUse(widget, caller)) throw PlatformError.of('FORBIDDEN');
          const folder = relative(storeDir, widgetFolder(storeDir, versionId, params.alias, widget));
          const place = { bundleId: params.bundle, alias: params.alias, versionId, folder };
          const { ticket, expiresAt } = tickets.make(caller, place);
          const base = req.path.slice(0, -'ticket'.length);
          return {
            ticket,
            expires_at: new Date(expiresAt).toISOString(),
            version: versionId,
            url: `${base}~${ticket}/`,
          };
        });
      },
    }),
    widgetRoute(`${BUNDLE}/public/widgets/:alias{/*path}`, true),
    widgetRoute(`${BUNDLE}/widgets/:alias{/*path}`, false),
    staticRoute('/api/integrations/static/:tenant/:project/:bundle{/*path}'),
  ];
}

function widgetOf(widgets: Readonly<Record<string, WidgetManifest>>, name: string): WidgetManifest {
  const widget = Object.hasOwn(widgets, name) ? widgets[name] : undefined;
  if (widget === undefined) throw PlatformError.of('NOT_FOUND');
  return widget;
}

function redirectInto(req: Request, res: Response): void {
  const [path = '', search] = req.originalUrl.split('?', 2);
  // Relative to this server, and never `//host`: the address began with /api.
  res.redirect(308, `${path}/${search === undefined ? '' : `?${search}`}`);
}
