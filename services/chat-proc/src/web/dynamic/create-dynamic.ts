import type { Request, Response } from 'express';
import type { Ids } from '@switchyard/kernel';
import { PlatformError } from '@switchyard/kernel';
import type { BundleManifest, WireResponse } from '@switchyard/protocol';
import type { WebResponses } from '@switchyard/store';
import type { Log } from '@switchyard/telemetry';
import type { DynamicRoute, ServedSite } from '@switchyard/web-store';
import type { Admission, SiteAccess } from '../access/create-site-access.ts';
import { answerCors } from './answer-cors.ts';
import { cleanRequestHeaders } from './clean-request.ts';
import { decideHandler } from './decide-handler.ts';
import { readStatusPath, sayAccepted, serveStatus, statusPathOf } from './late-status.ts';
import { refuseTooLarge } from './read-body.ts';
import type { RunHandler } from './run-handler.ts';
import { letGo, sendAnswer } from './send-answer.ts';
import type { SendOptions } from './send-answer.ts';
import type { SitePlaces } from './site-places.ts';

export interface DynamicParts {
  readonly access: SiteAccess;
  /** The manifests of all bundles that serve here. */
  readonly manifests: () => readonly BundleManifest[];
  readonly places: SitePlaces;
  readonly runHandler: RunHandler;
  readonly responses: Pick<WebResponses, 'accept' | 'find' | 'remove'>;
  readonly ids: Pick<Ids, 'token'>;
  readonly log: Pick<Log, 'warn'>;
  readonly platformCookies: ReadonlySet<string>;
  readonly tokenIssuer: string;
  readonly maxBodyBytes: number;
  readonly streamIdleMs: number;
}

export interface Dynamic {
  /**
   * Answers a request that the site's plan calls dynamic, by one execution of the one bundle that is subscribed. `req.url` is the path of
   * the site with its query, `req.baseUrl` where the site begins (empty on an origin of its own), as express mounts leave them.
   * Rejects with what is to be answered instead, as long as nothing was sent: WEB_NO_HANDLER, WEB_BUSY, WEB_FAILED, TIMEOUT, TOO_LARGE.
   *
   * @param admission what `SiteAccess.admit` said of the request; without it, it is asked
   */
  handle(
    site: ServedSite,
    route: DynamicRoute,
    req: Request,
    res: Response,
    admission?: Admission,
  ): Promise<void>;
}

// oxlint-disable-next-line no-control-regex -- what must not be in a path is what is looked for
const UNREADABLE = /[\0-\x20\x7f\\]/u;
/** The address that a handler parses would be another one than the route's: `/api/../admin`, in every writing. */
const DOT_SEGMENT = /\/(\.|%2e){1,2}(\/|$)/iu;

export function createDynamic(parts: DynamicParts): Dynamic {
  return {
    async handle(site, route, req, res, given) {
      const admission = given ?? (await parts.access.admit(site, req));
      if (answerCors(site.settings.cors, req, res)) return;
      const { path, query } = readTarget(req);
      const sending: SendOptions = {
        base: req.baseUrl,
        isHead: req.method === 'HEAD',
        platformCookies: parts.platformCookies,
        idleMs: parts.streamIdleMs,
      };
      const requestId = readStatusPath(path);
      if (requestId !== undefined) {
        requireMethod(['GET'], req, res);
        return serveStatus(parts.responses, { requestId, site: site.alias }, res, sending);
      }
      if (route.methods !== undefined) requireMethod(route.methods, req, res);
      await answer(parts, { site, route, req, res, admission, path, query, sending });
    },
  };
}

interface Asked {
  readonly site: ServedSite;
  readonly route: DynamicRoute;
  readonly req: Request;
  readonly res: Response;
  readonly admission: Admission;
  readonly path: string;
  readonly query: string;
  readonly sending: SendOptions;
}

async function answer(parts: DynamicParts, asked: Asked): Promise<void> {
  const { site, route, req, res, admission, path, query, sending } = asked;
  const { alias, settings } = site;
  const wanted = { site: alias, path, method: req.method };
  const handler = decideHandler(parts.manifests(), wanted, route.bundleId);
  if (handler === undefined) throw PlatformError.of('WEB_NO_HANDLER', undefined, { retryAfterSec: 5 });
  refuseTooLarge(req, parts.maxBodyBytes);
  const gone = new AbortController();
  const onClose = (): void => {
    if (!res.writableFinished) gone.abort(PlatformError.of('CANCELLED'));
  };
  res.once('close', onClose);
  const requestId = parts.ids.token(16);
  try {
    const release = await parts.places.take(alias, settings.dynamic, gone.signal);
    const headers = cleanRequestHeaders(req.rawHeaders, {
      platformCookies: parts.platformCookies,
      tokenIssuer: parts.tokenIssuer,
      forwardAuthorization: route.forwardAuthorization && admission.kind !== 'platform',
    });
    const running = await parts.runHandler(
      handler,
      {
        requestId,
        site: alias,
        req,
        path,
        query,
        headers,
        user: admission.user,
        timeoutMs: route.timeoutMs ?? settings.dynamic.timeoutMs,
      },
      gone.signal,
      release,
    );
    try {
      const accept = () => parts.responses.accept({ requestId, bundleId: handler.bundleId, site: alias });
      await deliver(running.response, { requestId, res, sending, accept });
    } finally {
      running.delivered();
    }
  } catch (error) {
    // Nobody is there to be answered.
    if (gone.signal.aborted || res.headersSent) return void res.destroy();
    if (error instanceof PlatformError && error.code === 'TOO_LARGE') res.setHeader('Connection', 'close');
    throw error;
  } finally {
    res.off('close', onClose);
  }
}

interface Delivery {
  readonly requestId: string;
  readonly res: Response;
  readonly sending: SendOptions;
  /** Makes a row of the request, so that it can be asked for. */
  readonly accept: () => Promise<void>;
}

async function deliver(response: WireResponse, { requestId, res, sending, accept }: Delivery): Promise<void> {
  try {
    if (response.status !== 202) return await sendAnswer(res, response, sending);
    await accept();
    if (response.body === null) return sayAccepted(res, requestId, sending.base);
    res.setHeader('Location', statusPathOf(sending.base, requestId));
    await sendAnswer(res, response, sending);
  } catch (error) {
    await letGo(response.body).catch(() => undefined);
    throw error;
  }
}

/** Throws INVALID_REQUEST for a target that is no path. */
function readTarget(req: Request): { path: string; query: string } {
  const { url } = req;
  const mark = url.indexOf('?');
  const path = mark === -1 ? url : url.slice(0, mark);
  if (!path.startsWith('/') || UNREADABLE.test(path) || DOT_SEGMENT.test(path))
    throw PlatformError.of('INVALID_REQUEST', 'The path of the request cannot be read.');
  return { path, query: mark === -1 ? '' : url.slice(mark + 1) };
}

function requireMethod(methods: readonly string[], req: Request, res: Response): void {
  const isThere = methods.includes(req.method) || (req.method === 'HEAD' && methods.includes('GET'));
  if (isThere) return;
  const allowed = methods.includes('GET') && !methods.includes('HEAD') ? [...methods, 'HEAD'] : methods;
  res.setHeader('Allow', allowed.join(', '));
  throw PlatformError.of('METHOD_NOT_ALLOWED');
}
