import { Agent as HttpAgent } from 'node:http';
import type { ClientRequest, IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Duplex, Readable } from 'node:stream';
import { PlatformError } from '@switchyard/kernel';
import httpProxy from 'http-proxy';
import { cleanAnswerHeaders } from './clean-headers.ts';

export interface ForwarderOptions {
  readonly connectTimeoutMs: number;
}

/** A request to send on: its headers are already clean. */
export interface Forward {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly target: string;
  /** Path and query for the upstream, sent as they are; undefined: those of the request, tidied up. */
  readonly path?: string | undefined;
  /** Longest silence of the upstream. Streams of the platform are never silent: they send a comment every 3 s. */
  readonly idleTimeoutMs: number;
  /** Changes the headers of the answer, in place, before they are passed on. */
  readonly onAnswer: (headers: IncomingHttpHeaders, response: ServerResponse) => void;
  /** The body where it does not come straight from the request. */
  readonly body?: Readable;
  /** Told once when the upstream could not answer; nothing was sent to the client yet. */
  readonly onFailed: (error: PlatformError) => void;
}

export interface Forwarder {
  forward(forward: Forward): void;
  /** Ends the upstream half of a request. */
  abandon(request: IncomingMessage): void;
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, target: string): void;
  close(): void;
}

const isSafe = (request: IncomingMessage): boolean => request.method === 'GET' || request.method === 'HEAD';

const isStream = (answer: IncomingMessage): boolean =>
  answer.headers['content-type']?.startsWith('text/event-stream') === true;

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

/**
 * Sends requests on over http-proxy. What it adds: an upstream that breaks off in mid-answer breaks off the client's
 * answer too (a pipe alone would leave it hanging), stream headers go out at once, a reading request that met a kept
 * connection which the upstream had just closed is sent once more.
 */
export const createForwarder = (options: ForwarderOptions): Forwarder => {
  const agents = createAgents();
  const proxy = httpProxy.createProxyServer({
    xfwd: false,
    connectTimeout: options.connectTimeoutMs,
  });
  const under = new WeakMap<IncomingMessage, Pick<Forward, 'path' | 'onAnswer'>>();
  const outgoing = new WeakMap<IncomingMessage, ClientRequest>();
  const timedOut = new WeakSet<IncomingMessage>();
  const agentFor = (target: string): HttpAgent | HttpsAgent =>
    target.startsWith('https:') ? agents.secure : agents.plain;

  proxy.on('proxyReq', (upstream, request) => {
    outgoing.set(request, upstream);
    // A path that http-proxy has tidied up (`/site-root/../admin`) would be another one than was decided on.
    const { path } = under.get(request) ?? {};
    if (path !== undefined) upstream.path = path;
    upstream.once('timeout', () => timedOut.add(request));
  });
  proxy.on('proxyRes', (answer, request, response) => {
    cleanAnswerHeaders(answer.headers);
    under.get(request)?.onAnswer(answer.headers, response);
    answer.on('error', () => {});
    answer.once('close', () => {
      if (!answer.complete) response.destroy();
    });
    // After http-proxy has copied the headers, which it does right after this event.
    if (isStream(answer)) queueMicrotask(() => response.flushHeaders());
  });
  proxy.on('econnreset', () => {}); // the client went away; its upstream half is already ended
  proxy.on('error', () => {}); // each request has its own callback

  const send = (forward: Forward, attempt: number): void => {
    const { request, response, target, body, onFailed } = forward;
    under.set(request, forward);
    const onError = (error: Error): void => {
      if (response.headersSent || response.destroyed) {
        response.destroy();
        return;
      }
      const isStale =
        outgoing.get(request)?.reusedSocket === true && 'code' in error && error.code === 'ECONNRESET';
      if (isStale && isSafe(request) && attempt === 1 && !timedOut.has(request)) {
        const { body: _read, ...again } = forward;
        send(again, 2);
        return;
      }
      const code = timedOut.has(request) ? 'TIMEOUT' : 'UPSTREAM_UNAVAILABLE';
      onFailed(PlatformError.of(code, undefined, { cause: error }));
    };
    proxy.web(
      request,
      response,
      {
        target,
        agent: agentFor(target),
        proxyTimeout: forward.idleTimeoutMs,
        ...(body === undefined ? {} : { buffer: body }),
      },
      onError,
    );
  };

  return {
    forward: (forward) => send(forward, 1),
    abandon: (request) => outgoing.get(request)?.destroy(),
    upgrade: (request, socket, head, target) => {
      proxy.ws(request, socket, head, { target, agent: false }, () => {
        if (!socket.destroyed)
          socket.end(
            'HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
          );
      });
    },
    close: () => {
      agents.plain.destroy();
      agents.secure.destroy();
    },
  };
};
