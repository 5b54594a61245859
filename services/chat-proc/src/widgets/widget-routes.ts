import { relative } from 'node:path';
import { defineRoute } from '@switchyard/http';
import type { Route } from '@switchyard/http';
import { idSchema, widgetListSchema, widgetTicketSchema } from '@switchyard/protocol';
import type { WidgetList, WidgetTicket } from '@switchyard/protocol';
import { z } from 'zod';
import { mayUse, requireUse } from '../operations/may-use.ts';
import { createBundleFiles, widgetOf } from './bundle-files.ts';
import type { BundleFiles, BundleFilesParts } from './bundle-files.ts';
import { widgetFolder } from './widget-folders.ts';

export interface WidgetRouteParts extends BundleFilesParts {
  /** The module that widgets without a build import, as a script. */
  readonly clientScript: string;
}

const scoped = { tenant: idSchema, project: idSchema, bundle: idSchema };
const ofBundle = z.object(scoped);
const ofWidget = ofBundle.extend({ alias: z.string().min(1).max(64) });
const withPath = ofWidget.extend({ path: z.array(z.string()).optional() });
const ofStatic = ofBundle.extend({ path: z.array(z.string()).optional() });
/** `v`: the version that the address means; one that does not serve any more is 404. */
const pinned = z.looseObject({ v: z.string().max(400).optional() });

const BUNDLE = '/api/integrations/bundles/:tenant/:project/:bundle';

/** Pages and files of bundles (03 §6). */
export function createWidgetRoutes(parts: WidgetRouteParts): Route[] {
  const files = createBundleFiles(parts);
  return [
    bridgeRoute(parts.clientScript),
    listRoute(parts, files),
    ticketRoute(parts, files),
    widgetRoute(`${BUNDLE}/public/widgets/:alias{/*path}`, true, parts, files),
    widgetRoute(`${BUNDLE}/widgets/:alias{/*path}`, false, parts, files),
    staticRoute(parts, files),
  ];
}

function bridgeRoute(script: string): Route {
  return defineRoute({
    method: 'get',
    path: '/api/integrations/widgets/bridge.js',
    summary: 'The module by which a widget without a build speaks with the page that holds it',
    tag: 'widgets',
    guard: 'none',
    handle({ res }) {
      res.setHeader('Cache-Control', 'public, max-age=300');
      res.setHeader('Cross-Origin-Resource-Policy', 'cross-origin');
      res.setHeader('Access-Control-Allow-Origin', '*');
      res.type('text/javascript').send(script);
    },
  });
}

function listRoute({ guards }: WidgetRouteParts, files: BundleFiles): Route {
  return defineRoute({
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
      return files.withHold(params.bundle, ({ manifest, version }) => ({
        bundle_id: params.bundle,
        version: version.versionId,
        widgets: Object.entries(manifest.widgets)
          .filter(([, widget]) => mayUse(widget, caller))
          .map(([alias, { title, icon, route }]) => ({
            alias,
            title,
            ...(icon === undefined ? {} : { icon }),
            route,
          })),
      }));
    },
  });
}

function ticketRoute({ guards, tickets, storeDir }: WidgetRouteParts, files: BundleFiles): Route {
  return defineRoute({
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
      const { bundle: bundleId, alias } = params;
      return files.withHold(bundleId, ({ manifest, version: { versionId } }) => {
        const widget = widgetOf(manifest.widgets, alias);
        requireUse(widget, caller);
        const folder = relative(storeDir, widgetFolder(storeDir, versionId, alias, widget));
        const { ticket, expiresAt } = tickets.make(caller, { bundleId, alias, versionId, folder });
        const base = req.path.slice(0, -'ticket'.length);
        return {
          ticket,
          expires_at: new Date(expiresAt).toISOString(),
          version: versionId,
          url: `${base}~${ticket}/`,
        };
      });
    },
  });
}

function widgetRoute(
  path: string,
  isPublic: boolean,
  { guards }: WidgetRouteParts,
  files: BundleFiles,
): Route {
  return defineRoute({
    method: 'get',
    path,
    summary: isPublic ? 'A file of a public widget' : 'A file of a widget',
    tag: 'widgets',
    guard: isPublic ? 'none' : 'session',
    params: withPath,
    query: pinned,
    async handle({ params, query: { v }, req, res }) {
      guards.scope(params);
      const { bundle, alias, path: rest } = params;
      await files.serveWidget({ req, res, bundle, alias, path: rest, v, isPublic });
    },
  });
}

function staticRoute({ guards }: WidgetRouteParts, files: BundleFiles): Route {
  return defineRoute({
    method: 'get',
    path: '/api/integrations/static/:tenant/:project/:bundle{/*path}',
    summary: 'A file of the folder that a bundle offers as `static`',
    tag: 'widgets',
    guard: 'none',
    params: ofStatic,
    query: pinned,
    async handle({ params, query: { v }, req, res }) {
      guards.scope(params);
      await files.serveStatic({ req, res, bundle: params.bundle, path: params.path, v });
    },
  });
}
