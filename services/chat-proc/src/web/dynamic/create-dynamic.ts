import type { Request, Response } from 'express';
import type { Ids } from '@switchyard/kernel';
import { PlatformError } from '@switchyard/kernel';
import type { WireResponse } from '@switchyard/protocol';
import type { ServedBundle } from '@switchyard/registry';
import type { WebResponses } from '@switchyard/store';
import type { Log } from '@switchyard/telemetry';
import type { DynamicRoute, ServedSite } from '@switchyard/web-store';
import type { Admission, SiteAccess } from '../access/create-site-access.ts';
import { answerCors } from './answer-cors.ts';
import { cleanRequestHeaders } from './clean-request.ts';
import { decideHandler } from './decide-handler.ts';
import type { ChosenHandler } from './decide-handler.ts';
import { keepWhenSent, keyOf, keyedHeaders } from './kept-answers.ts';
import { readStatusPath, sayAccepted, serveStatus, statusPathOf } from './late-status.ts';
import { refuseTooLarge } from './read-body.ts';
import type { MicroCache } from './micro-cache.ts';
import type { HandlerAnswer, RunHandler } from './run-handler.ts';
import { letGo, sendAnswer } from './send-answer.ts';
import type { SendOptions } from './send-answer.ts';
import type { SitePlaces } from './site-places.ts';

export interface DynamicParts {
  readonly access: SiteAccess;
  /** All bundles that serve here. */
  readonly served: () => readonly ServedBundle[];
  readonly cache: MicroCache;
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
  const { site, route, req, res, path, sending } = asked;
  const wanted = { site: site.alias, path, method: req.method };
  const served = parts.served();
  const handler = decideHandler(
    served.map(({ manifest }) => manifest),
    wanted,
    route.bundleId,
  );
  if (handler === undefined) throw PlatformError.of('WEB_NO_HANDLER', undefined, { retryAfterSec: 5 });
  refuseTooLarge(req, parts.maxBodyBytes);
  const versionId =
    served.find(({ version }) => version.bundleId === handler.bundleId)?.version.versionId ?? '';
  const key = keyOf(asked, handler, versionId);
  const kept = key === undefined ? undefined : parts.cache.find(key);
  if (key !== undefined && kept !== undefined) {
    res.setHeader('Age', Math.floor(kept.ageMs / 1000));
    await sendAnswer(res, kept.answer, sending);
    if (!kept.isFresh) await renew(parts, asked, handler, key);
    return;
  }
  const gone = new AbortController();
  const onClose = (): void => {
    if (!res.writableFinished) gone.abort(PlatformError.of('CANCELLED'));
  };
  res.once('close', onClose);
  try {
    const running = await run(parts, asked, { handler, key, signal: gone.signal });
    try {
      const { requestId, response } = running;
      const accept = () =>
        parts.responses.accept({ requestId, bundleId: handler.bundleId, site: site.alias });
      await deliver(response, { requestId, res, sending, accept });
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

interface HandlerRun {
  readonly handler: ChosenHandler;
  /** Of an answer that may be kept. */
  readonly key: string | undefined;
  readonly signal: AbortSignal;
}

/** Waits for a place and has the handler answer. */
async function run(
  parts: DynamicParts,
  { site, route, req, admission, path, query, sending }: Asked,
  { handler, key, signal }: HandlerRun,
): Promise<HandlerAnswer & { requestId: string }> {
  const { alias, settings } = site;
  const requestId = parts.ids.token(16);
  const { generation } = parts.cache;
  const release = await parts.places.take(alias, settings.dynamic, signal);
  const cleaned = cleanRequestHeaders(req.rawHeaders, {
    platformCookies: parts.platformCookies,
    tokenIssuer: parts.tokenIssuer,
    // Below `/sites/` what a browser sends is the platform's, whoever issued it.
    forwardAuthorization: route.forwardAuthorization && admission.kind !== 'platform' && sending.base === '',
  });
  const request = {
    requestId,
    site: alias,
    req,
    path,
    query,
    headers: key === undefined ? cleaned : keyedHeaders(cleaned),
    user: admission.user,
    address: key === undefined ? req.ip : undefined,
    timeoutMs: route.timeoutMs ?? settings.dynamic.timeoutMs,
  };
  const { response, delivered } = await parts.runHandler(handler, request, signal, release);
  const isKept = key !== undefined && req.method === 'GET';
  return {
    requestId,
    delivered,
    response: isKept ? keepWhenSent(parts.cache, key, handler.bundleId, response, generation) : response,
  };
}

/** A new answer for a stale one, made by whoever was given it, once at a time; what fails leaves the stale one for its time. */
async function renew(parts: DynamicParts, asked: Asked, handler: ChosenHandler, key: string): Promise<void> {
  if (asked.req.method !== 'GET') return;
  await parts.cache
    .renew(key, async () => {
      const never = new AbortController();
      const running = await run(parts, asked, { handler, key, signal: never.signal });
      try {
        const { body } = running.response;
        if (body !== null && !(body instanceof Uint8Array)) for await (const _ of body);
      } finally {
        running.delivered();
      }
    })
    .catch((error: unknown) => parts.log.warn('a kept answer could not be renewed', { error }));
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
