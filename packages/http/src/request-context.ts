import type { Request, Response } from 'express';
import type { Clock } from '@switchyard/kernel';
import type { Log, Metrics } from '@switchyard/telemetry';

export const SSE_CONTENT_TYPE = 'text/event-stream; charset=utf-8';

// An id from outside enters logs and answers: short, and no character that could break a header or a log line.
const REQUEST_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** The id of the request that this response answers; set by the first middleware of `createHttpApp`. */
export function requestIdOf(res: Response): string {
  const value: unknown = res.locals['requestId'];
  return typeof value === 'string' ? value : '';
}

/** The caller's `X-Request-ID`, if it is well-formed, else a new one. */
export function readRequestId(given: string | string[] | undefined, makeId: () => string): string {
  return typeof given === 'string' && REQUEST_ID.test(given) ? given : makeId();
}

/** What is done with every request before anybody looks for a route. It never waits and never answers. */
export type RequestStep = (req: Request, res: Response) => void;

/** Keeps a well-formed `X-Request-ID` of the caller, else makes one, and says it in the answer. */
export function keepRequestId(makeId: () => string): RequestStep {
  return (req, res) => {
    const id = readRequestId(req.headers['x-request-id'], makeId);
    res.locals['requestId'] = id;
    res.setHeader('X-Request-ID', id);
  };
}

/** Nothing is loaded or run from an answer that is data, it changes no address, and nobody frames it. */
const DATA_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Headers for answers that are data, not pages. */
export const DATA_HEADERS: Readonly<Record<string, string>> = {
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Content-Security-Policy': DATA_POLICY,
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cache-Control': 'no-store',
};
const DATA_HEADER_ENTRIES = Object.entries(DATA_HEADERS);

/** Says `DATA_HEADERS`. A handler that serves a page or a file sets its own over them. */
export function setSecurityHeaders(_req: Request, res: Response): void {
  for (const [name, value] of DATA_HEADER_ENTRIES) res.setHeader(name, value);
}

/** A path as a log may have it: a widget's ticket stands in the path, so that what its page names relatively is found by it too. */
export function pathForLog(path: string): string {
  return path.replace(/\/~[^/]*/, '/~');
}

/** One log line and one observation for each request. The path is written without its query: tokens may travel there (03 §1). */
export function observeRequests(log: Log, metrics: Metrics, clock: Clock): RequestStep {
  const labels = ['method', 'route', 'status'] as const;
  const duration = metrics.timer(
    'switchyard_http_request_seconds',
    'Time from request to the end of its answer.',
    labels,
  );
  return (req, res) => {
    const startedAt = clock.monotonic();
    // Once in any case; `on` keeps less for as long as a stream is open.
    res.on('close', () => {
      const ms = clock.monotonic() - startedAt;
      const pattern: unknown = (req.route as { path?: unknown } | undefined)?.path;
      const route = typeof pattern === 'string' ? pattern : 'unmatched';
      // A stream's length is its client's affair and would drown the figure.
      if (res.getHeader('content-type') !== SSE_CONTENT_TYPE)
        duration.observeMs(ms, { method: req.method, route, status: String(res.statusCode) });
      const fields = {
        request_id: requestIdOf(res),
        method: req.method,
        path: pathForLog(req.path),
        status: res.statusCode,
        ms: Math.round(ms),
      };
      const message = res.writableFinished ? 'request answered' : 'request ended by the client';
      if (route.startsWith('/health') || route === '/metrics') log.debug(message, fields);
      else log.info(message, fields);
    });
  };
}
