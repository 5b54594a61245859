import type { IncomingMessage, ServerResponse } from 'node:http';
import express from 'express';
import type { ErrorRequestHandler, Request, Response } from 'express';
import { PlatformError } from '@switchyard/kernel';
import type { DynamicRoute, ServedSite } from '@switchyard/web-store';
import { answerSiteError } from './answer-site-error.ts';
import type { SiteAnswer } from './decide-answer.ts';
import type { SiteVisit } from './site-visit.ts';

/** Who may read a site. Rejects with what is to be answered instead. */
export interface SiteGate<Admission> {
  admit(site: ServedSite, req: Request): Promise<Admission>;
}

/** Who answers what no file answers. `req.url` is the path below the site, `req.baseUrl` where the site begins. */
export interface DynamicAnswers<Admission> {
  handle(
    site: ServedSite,
    route: DynamicRoute,
    req: Request,
    res: Response,
    admission?: Admission,
  ): Promise<void>;
}

export interface SlowPathParts<Admission> {
  readonly gate: SiteGate<Admission>;
  readonly dynamic: DynamicAnswers<Admission>;
  /** What the platform did wrong. */
  readonly onError: (error: unknown) => void;
}

type DynamicAnswer = SiteAnswer & { kind: 'dynamic' };
type Serve = (
  visit: SiteVisit,
  req: IncomingMessage,
  res: ServerResponse,
  onDynamic: (visit: SiteVisit, answer: DynamicAnswer) => Promise<void>,
) => Promise<void>;

/** What needs the request as express shows it: admission to what is not public, and dynamic answers. */
export function createSlowPath<Admission>(
  { gate, dynamic, onError }: SlowPathParts<Admission>,
  serve: Serve,
): (visit: SiteVisit, req: IncomingMessage, res: ServerResponse, decided?: DynamicAnswer) => void {
  const tasks = new WeakMap<IncomingMessage, { visit: SiteVisit; decided: DynamicAnswer | undefined }>();
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', 'simple');
  app.set('trust proxy', ['loopback', 'linklocal', 'uniquelocal']);
  app.use(async (req, res) => {
    const task = tasks.get(req);
    if (task === undefined) throw PlatformError.of('INTERNAL');
    const { site } = task.visit.loaded;
    const isPublic = site.settings.access.kind === 'public';
    const admission = isPublic ? undefined : await gate.admit(site, req);
    const handle = (visit: SiteVisit, { route, target }: DynamicAnswer): Promise<void> => {
      req.url = target;
      req.baseUrl = visit.address.base;
      return dynamic.handle(visit.loaded.site, route, req, res, admission);
    };
    if (task.decided !== undefined) return handle(task.visit, task.decided);
    return serve(task.visit, req, res, handle);
  });
  const answerError: ErrorRequestHandler = (error: unknown, req, res, _next) => {
    if (!(error instanceof PlatformError) || error.status >= 500) onError(error);
    answerSiteError(req, res, error);
  };
  app.use(answerError);
  return (visit, req, res, decided) => {
    tasks.set(req, { visit, decided });
    app(req, res);
  };
}
