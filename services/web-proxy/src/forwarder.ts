import { Agent as HttpAgent } from 'node:http';
import type { ClientRequest, IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { PlatformError } from '@switchyard/kernel';
import { cleanAnswerHeaders } from './clean-headers.ts';
import { createProxy, createUpgrade } from './forward-upgrade.ts';
import type { ProxyServer, Upgrade } from './forward-upgrade.ts';
import { decideResend } from './decide-resend.ts';
import type { UpstreamLease, UpstreamPool } from './upstream-pool.ts';
import { WaitingBody } from './wait-for-connection.ts';

export interface ForwarderOptions {
  readonly connectTimeoutMs: number;
  /** Longest silence before a WebSocket is answered. */
  readonly upgradeTimeoutMs: number;
}

/** A request to send on: its headers are already clean. */
export interface Forward {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly upstreams: UpstreamPool;
  /** Path and query for the upstream, sent as they are. */
  readonly path: string;
  /** Longest silence of the upstream. Streams of the platform are never silent: they send a comment every 3 s. */
  readonly idleTimeoutMs: number;
  /** Changes the headers of the answer, in place, before they are passed on. */
  readonly onAnswer: (headers: IncomingHttpHeaders, response: ServerResponse) => void;
  /** Undefined: the request has none. */
  readonly body: Readable | undefined;
  /** Told once when the upstream could not answer; nothing was sent to the client yet. */
  readonly onFailed: (error: PlatformError) => void;
}

export interface Forwarder {
  forward(forward: Forward): void;
  /** Ends the upstream half of a request. */
  abandon(request: IncomingMessage): void;
  readonly upgrade: Upgrade;
  close(): void;
}

/** One going out of a request. */
interface Attempt {
  readonly forward: Forward;
  readonly lease: UpstreamLease;
  /** Addresses that it went to before. */
  readonly tried: readonly URL[];
  readonly isSecond: boolean;
  upstream: ClientRequest | undefined;
  isConnected: boolean;
  isTimedOut: boolean;
}

const isStream = (headers: IncomingHttpHeaders): boolean =>
  headers['content-type']?.startsWith('text/event-stream') === true;
const wantsStream = ({ headers }: IncomingMessage): boolean =>
  headers.accept?.includes('text/event-stream') === true;

/** Upstream connections are kept; their silence limit is far over a service's own, which ends idle ones. */
const createAgents = () => {
  const settings = {
    keepAlive: true,
    maxSockets: Number.POSITIVE_INFINITY,
    maxFreeSockets: 256,
    scheduling: 'lifo' as const,
  };
  return { plain: new HttpAgent(settings), secure: new HttpsAgent(settings) };
};
type Agents = ReturnType<typeof createAgents>;

const noteConnection = (attempt: Attempt, upstream: ClientRequest, socket: Socket): void => {
  attempt.upstream = upstream;
  attempt.isConnected = !socket.connecting;
  if (socket.connecting) socket.once('connect', () => (attempt.isConnected = true));
  // A path that http-proxy has tidied up (`/site-root/../admin`) would be another one than was decided on.
  upstream.path = attempt.forward.path;
  upstream.once('timeout', () => (attempt.isTimedOut = true));
};

type Attempts = WeakMap<IncomingMessage, Attempt>;

const passAnswers = (proxy: ProxyServer, attempts: Attempts): void => {
  proxy.on('proxyReq', (upstream, request, _response, _options, socket) => {
    const attempt = attempts.get(request);
    if (attempt === undefined) upstream.destroy();
    else noteConnection(attempt, upstream, socket);
  });
  proxy.on('proxyRes', (answer, request, response) => {
    cleanAnswerHeaders(answer.headers);
    // Else http-proxy would promise to keep what the client, or a drain, wants to be closed.
    answer.headers.connection = response.shouldKeepAlive ? 'keep-alive' : 'close';
    attempts.get(request)?.forward.onAnswer(answer.headers, response);
    answer.on('error', () => {});
    answer.once('close', () => {
      if (!answer.complete) response.destroy();
    });
    // After http-proxy has copied the headers, which it does right after this event.
    if (isStream(answer.headers)) queueMicrotask(() => response.flushHeaders());
  });
  proxy.on('econnreset', () => {}); // the client went away; its upstream half is already ended
  proxy.on('error', () => {}); // each request has its own callback
};

/** Whether, and where, a failed attempt is sent again, and what is answered if not. */
const decideAgain = (attempt: Attempt, error: Error) => {
  const { request, body } = attempt.forward;
  return decideResend({
    method: request.method ?? 'GET',
    hasBody: body !== undefined,
    isStream: wantsStream(request),
    isConnected: attempt.isConnected,
    isStale: attempt.upstream?.reusedSocket === true && 'code' in error && error.code === 'ECONNRESET',
    isTimedOut: attempt.isTimedOut,
    isSecond: attempt.isSecond,
  });
};

type Past = Pick<Attempt, 'tried' | 'isSecond'>;

/** Sends a request out, and again as long as that is safe. Answers whether there was an address that was not tried. */
const createSend = (proxy: ProxyServer, agents: Agents, attempts: Attempts) => {
  const onError = (attempt: Attempt, error: Error): void => {
    const { forward, lease, tried } = attempt;
    const { response } = forward;
    lease.release();
    if (response.headersSent || response.destroyed) {
      response.destroy();
      return;
    }
    if (!attempt.isConnected) lease.reportDown();
    const resend = decideAgain(attempt, error);
    const past = {
      tried: resend === 'elsewhere' ? [...tried, lease.target] : tried,
      isSecond: attempt.isSecond || attempt.isConnected,
    };
    if (resend !== 'no' && send(forward, past)) return;
    const code = attempt.isTimedOut ? 'TIMEOUT' : 'UPSTREAM_UNAVAILABLE';
    forward.onFailed(PlatformError.of(code, undefined, { cause: error }));
  };

  const send = (forward: Forward, past: Past): boolean => {
    const { request, response, body, idleTimeoutMs } = forward;
    const lease = forward.upstreams.take(past.tried);
    if (lease === undefined) return false;
    const fresh = { upstream: undefined, isConnected: false, isTimedOut: false };
    const attempt: Attempt = { ...past, ...fresh, forward, lease };
    attempts.set(request, attempt);
    response.once('close', lease.release);
    const { target } = lease;
    const agent = target.protocol === 'https:' ? agents.secure : agents.plain;
    const buffer = body === undefined ? {} : { buffer: new WaitingBody(body) };
    proxy.web(request, response, { target, agent, proxyTimeout: idleTimeoutMs, ...buffer }, (error) => {
      // http-proxy tells of the client's half too; what is over is told once.
      if (attempts.get(request) === attempt) onError(attempt, error);
    });
    return true;
  };
  return send;
};

/**
 * Sends requests on over http-proxy. What it adds: of several addresses the least busy one that answers; a request that reached nobody goes to
 * another; an upstream that breaks off in mid-answer breaks off the client's answer too (a pipe alone would leave it hanging); stream headers
 * go out at once; a reading request that met a kept connection which the upstream had just closed is sent once more.
 */
export const createForwarder = (options: ForwarderOptions): Forwarder => {
  const agents = createAgents();
  const proxy = createProxy(options.connectTimeoutMs);
  const attempts: Attempts = new WeakMap();
  passAnswers(proxy, attempts);
  const send = createSend(proxy, agents, attempts);
  return {
    forward: (forward) => {
      if (!send(forward, { tried: [], isSecond: false }))
        forward.onFailed(PlatformError.of('UPSTREAM_UNAVAILABLE'));
    },
    abandon: (request) => {
      const attempt = attempts.get(request);
      // Forgotten first: what is ended on purpose is not sent again.
      attempts.delete(request);
      attempt?.upstream?.destroy();
    },
    upgrade: createUpgrade(proxy, options.upgradeTimeoutMs),
    close: () => {
      agents.plain.destroy();
      agents.secure.destroy();
    },
  };
};
