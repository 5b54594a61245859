import { Agent as HttpAgent } from 'node:http';
import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Duplex, Readable } from 'node:stream';
import { PlatformError } from '@switchyard/kernel';
import httpProxy from 'http-proxy';
import { cleanAnswerHeaders } from './clean-headers.ts';

export interface ForwarderOptions {
  readonly connectTimeoutMs: number;
  /** Longest silence of an upstream. Streams are never silent: they send a comment every 3 s. */
  readonly idleTimeoutMs: number;
  /** Set where the upstream has not set its own. */
  readonly answerHeaders: Readonly<Record<string, string>>;
}

/** A request to send on: its headers are already clean. */
export interface Forward {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly target: string;
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
    proxyTimeout: options.idleTimeoutMs,
    connectTimeout: options.connectTimeoutMs,
  });
  const outgoing = new WeakMap<IncomingMessage, ClientRequest>();
  const timedOut = new WeakSet<IncomingMessage>();
  const agentFor = (target: string): HttpAgent | HttpsAgent =>
    target.startsWith('https:') ? agents.secure : agents.plain;

  proxy.on('proxyReq', (upstream, request) => {
    outgoing.set(request, upstream);
    upstream.once('timeout', () => timedOut.add(request));
  });
  proxy.on('proxyRes', (answer, _request, response) => {
    cleanAnswerHeaders(answer.headers);
    for (const [name, value] of Object.entries(options.answerHeaders)) {
      if (answer.headers[name.toLowerCase()] === undefined) response.setHeader(name, value);
    }
    answer.on('error', () => {});
    answer.once('close', () => {
      if (!answer.complete) response.destroy();
    });
    // After http-proxy has copied the headers, which it does right after this event.
    if (isStream(answer)) queueMicrotask(() => response.flushHeaders());
  });
  proxy.on('econnreset', () => {}); // the client went away; its upstream half is already ended
  proxy.on('error', () => {}); // each request has its own callback

  const send = ({ request, response, target, body, onFailed }: Forward, attempt: number): void => {
    const onError = (error: Error): void => {
      if (response.headersSent || response.destroyed) {
        response.destroy();
        return;
      }
      const isStale =
        outgoing.get(request)?.reusedSocket === true && 'code' in error && error.code === 'ECONNRESET';
      if (isStale && isSafe(request) && attempt === 1 && !timedOut.has(request)) {
        send({ request, response, target, onFailed }, 2);
        return;
      }
      const code = timedOut.has(request) ? 'TIMEOUT' : 'UPSTREAM_UNAVAILABLE';
      onFailed(PlatformError.of(code, undefined, { cause: error }));
    };
    proxy.web(
      request,
      response,
      { target, agent: agentFor(target), ...(body === undefined ? {} : { buffer: body }) },
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
