import type { IncomingMessage, ServerResponse } from 'node:http';
import { PlatformError } from '@switchyard/kernel';
import type { Clock } from '@switchyard/kernel';
import { answerSiteError } from './answer-site-error.ts';
import type { ContentCache } from './content-cache.ts';
import { decideAnswer } from './decide-answer.ts';
import type { SiteAnswer } from './decide-answer.ts';
import type { LoadedSite } from './load-site.ts';
import { readRequestPath } from './read-request-path.ts';
import { sendSiteAnswer } from './send-site-answer.ts';
import { createSlowPath } from './slow-path.ts';
import type { SlowPathParts } from './slow-path.ts';
import { readSiteAddress } from './site-address.ts';
import type { SiteAddress } from './site-address.ts';
import type { SiteTable } from './site-table.ts';
import type { SiteVisit } from './site-visit.ts';

export interface SiteServerParts<Admission> extends SlowPathParts<Admission> {
  readonly table: SiteTable;
  readonly cache: ContentCache;
  /** `{alias}.{domain}` names a site. */
  readonly domain: string;
  /** The site of an origin that names none; empty: there is none. */
  readonly rootAlias: string;
  readonly makeRequestId: () => string;
  readonly maxUrlBytes: number;
  /** When the answer is over, with the path below the site. */
  readonly onAnswered: OnSiteAnswered;
  readonly clock: Pick<Clock, 'now'>;
}

/** `startedAt`: epoch milliseconds, when the request came. */
export type OnSiteAnswered = (
  alias: string,
  path: string,
  req: IncomingMessage,
  res: ServerResponse,
  startedAt: number,
) => void;

export interface SiteServer {
  /** False: the request is for no site, and nothing was done with it. */
  handle(req: IncomingMessage, res: ServerResponse): boolean;
}

/**
 * Requests of sites, ahead of the service's routes: what is public and a file is answered without any of their layers, which cost more
 * than the answer. What a bundle answers, or not everybody may read, goes through express as everything else does.
 */
export function createSiteServer<Admission>(parts: SiteServerParts<Admission>): SiteServer {
  const { table, cache } = parts;
  const serve = async (
    visit: SiteVisit,
    req: IncomingMessage,
    res: ServerResponse,
    onDynamic: (visit: SiteVisit, answer: SiteAnswer & { kind: 'dynamic' }) => Promise<void> | void,
  ): Promise<void> => {
    let now = visit;
    let answer = decide(now, req);
    // Another worker may have deployed a moment ago: nobody hears "not there" of what is.
    if (isNothing(answer) && !visit.loaded.isPreview) {
      const loaded = await table.recheck(visit.loaded.site.alias);
      if (loaded === undefined) throw PlatformError.of('NOT_FOUND');
      now = { ...visit, loaded };
      answer = loaded === visit.loaded ? answer : decide(now, req);
    }
    if (answer.kind === 'dynamic') return onDynamic(now, answer);
    return sendSiteAnswer(cache, now, answer, req, res);
  };
  const slow = createSlowPath(parts, serve);

  async function answer(address: SiteAddress, req: IncomingMessage, res: ServerResponse): Promise<void> {
    try {
      const loaded = await findSite(address);
      if (loaded === undefined) throw PlatformError.of('NOT_FOUND');
      const visit = { loaded, address, ...readTarget(address, parts.maxUrlBytes) };
      const startedAt = parts.clock.now();
      res.once('close', () => parts.onAnswered(loaded.site.alias, visit.path.encoded, req, res, startedAt));
      // A worker would outlive the sandbox that its page is in, and see what other pages of this origin ask for.
      if (address.isShared && req.headers['service-worker'] !== undefined)
        throw PlatformError.of('FORBIDDEN', 'There are no service workers here.');
      if (loaded.site.settings.access.kind !== 'public') return slow(visit, req, res);
      await serve(visit, req, res, (now, decided) => slow(now, req, res, decided));
    } catch (error) {
      if (!(error instanceof PlatformError) || error.status >= 500) parts.onError(error);
      answerSiteError(req, res, error);
    }
  }

  async function findSite(address: SiteAddress): Promise<LoadedSite | undefined> {
    if ('host' in address) {
      const named = address.host === '' ? undefined : await table.aliasOfHost(address.host);
      const alias = named ?? parts.rootAlias;
      return alias === '' ? undefined : table.site(alias);
    }
    const { alias, deployId } = address;
    if (alias === '') return undefined;
    return deployId === undefined ? table.site(alias) : table.preview(alias, deployId);
  }

  return {
    handle(req, res) {
      const address = readSiteAddress(req, parts.domain);
      if (address === undefined) return false;
      res.setHeader('X-Request-ID', requestIdOf(req, parts.makeRequestId));
      // Of one request; nothing of it may end the worker.
      answer(address, req, res).catch((error: unknown) => {
        parts.onError(error);
        res.destroy();
      });
      return true;
    },
  };
}

function decide({ loaded, address, path, search }: SiteVisit, req: IncomingMessage): SiteAnswer {
  // `/sites/{alias}` is where the site begins: what its pages name relatively lies below it.
  if (path.encoded === '') return { kind: 'redirect', status: 308, location: `${address.base}/${search}` };
  return decideAnswer({
    ...loaded,
    method: req.method ?? 'GET',
    path,
    search,
    isNavigation: isNavigation(req),
    base: address.base,
  });
}

function isNothing(answer: SiteAnswer): boolean {
  return answer.kind === 'missing' || (answer.kind === 'file' && answer.status === 404);
}

function isNavigation({ headers }: IncomingMessage): boolean {
  return headers['sec-fetch-mode'] === 'navigate' || headers.accept?.includes('text/html') === true;
}

/** Throws URI_TOO_LONG and INVALID_REQUEST. */
function readTarget({ url, base }: SiteAddress, maxUrlBytes: number): Pick<SiteVisit, 'path' | 'search'> {
  if (url.length > maxUrlBytes) throw PlatformError.of('URI_TOO_LONG');
  const mark = url.indexOf('?');
  const encoded = mark < 0 ? url : url.slice(0, mark);
  const search = mark < 0 ? '' : url.slice(mark);
  if (encoded === '' && base !== '') return { path: { encoded: '', key: '' }, search };
  const path = readRequestPath(encoded);
  if (path === undefined || !/^[\x21-\x7e]*$/u.test(search))
    throw PlatformError.of('INVALID_REQUEST', 'The address cannot be read.');
  return { path, search };
}

const REQUEST_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/u;

function requestIdOf({ headers }: IncomingMessage, make: () => string): string {
  const given = headers['x-request-id'];
  return typeof given === 'string' && REQUEST_ID.test(given) ? given : make();
}
