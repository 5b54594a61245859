import type { ServerResponse } from 'node:http';
import { PlatformError } from '@switchyard/kernel';
import type { Clock } from '@switchyard/kernel';
import { pathForLog } from '@switchyard/http';
import type { Log, Metrics } from '@switchyard/telemetry';
import { pathOf } from './route-table.ts';

/** What a line says of the request that it is about. */
export interface Told {
  readonly requestId: string;
  readonly method: string;
  readonly url: string;
}

/** One log line and one observation for each request, under the names that every service uses. */
export interface RequestJournal {
  now(): number;
  ended(told: Told, response: ServerResponse, startedAt: number, isStream: boolean): void;
  /** An answer of 500 and above that is ours. */
  failed(told: Told, error: unknown): void;
}

/** Before the path of an absolute address. */
const ORIGIN = /^[a-z][a-z\d+.-]*:\/\/[^/?#]*/iu;

/** Without its query: tokens may travel there (03 §1). */
const writtenPath = (url: string): string =>
  pathForLog(pathOf(url.startsWith('/') ? url : url.replace(ORIGIN, '')));

export const createRequestJournal = (log: Log, metrics: Metrics, clock: Clock): RequestJournal => {
  const duration = metrics.timer(
    'switchyard_http_request_seconds',
    'Time from request to the end of its answer.',
    ['method', 'route', 'status'],
  );
  return {
    now: () => clock.monotonic(),
    ended: ({ requestId, method, url }, response, startedAt, isStream) => {
      const ms = clock.monotonic() - startedAt;
      // A stream's length is its client's affair and would drown the figure.
      if (!isStream)
        duration.observeMs(ms, { method, route: 'unmatched', status: String(response.statusCode) });
      log.info(response.writableFinished ? 'request answered' : 'request ended by the client', {
        request_id: requestId,
        method,
        path: writtenPath(url),
        status: response.statusCode,
        ms: Math.round(ms),
      });
    },
    failed: ({ requestId, method, url }, error) => {
      const fields = { request_id: requestId, method, path: writtenPath(url), error };
      if (error instanceof PlatformError && error.status === 503) log.warn('request refused', fields);
      else log.error('request failed', fields);
    },
  };
};
