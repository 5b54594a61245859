import { request as sendRequest } from 'node:http';
import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';
import { PlatformError } from '@switchyard/kernel';
import type { AnswerHead } from './answer-head.ts';
import { decideResend } from './decide-resend.ts';
import type { UpstreamAgent } from './upstream-agent.ts';
import type { UpstreamAgents } from './upstream-agents.ts';
import type { UpstreamLease, UpstreamPool } from './upstream-pool.ts';
import type { Moving, SilenceWatch, Watched } from './watch-silence.ts';

/** A request to send on. */
export interface Forward {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly upstreams: UpstreamPool;
  /** Path and query for the upstream, sent as they are. */
  readonly path: string;
  /** Clean; names in small letters and values in turn. */
  readonly headers: readonly string[];
  /** Longest silence of the upstream. Streams of the platform are never silent: they send a comment every 3 s. */
  readonly idleTimeoutMs: number;
  /** Undefined: the request has none. */
  readonly body: Readable | undefined;
  /** Makes the client's head from the upstream's. */
  readAnswer(answer: IncomingMessage): AnswerHead;
  /** Told once when the upstream could not answer; nothing was sent to the client yet. */
  onFailed(error: PlatformError): void;
}

export interface ForwardingParts {
  readonly agents: UpstreamAgents;
  readonly silence: SilenceWatch;
}

const wantsStream = ({ headers }: IncomingMessage): boolean =>
  headers.accept?.includes('text/event-stream') === true;

/**
 * One request's way to a service and its answer's way back: one object for it, and no more listeners than there are ends to tell. What goes
 * wrong before there is an answer is decided by `decideResend`; an upstream that breaks off in mid-answer breaks off the client's answer, too.
 */
export class Forwarding implements Moving {
  readonly #forward: Forward;
  readonly #parts: ForwardingParts;
  /** Addresses that it went to before. */
  readonly #tried: URL[] = [];
  /** It went out once already after bytes had gone out. */
  #isSecond = false;
  #isTimedOut = false;
  #isOver = false;
  #lease: UpstreamLease | undefined;
  #agent: UpstreamAgent | undefined;
  #upstream: ClientRequest | undefined;
  #answer: IncomingMessage | undefined;
  #watched: Watched | undefined;
  /** The client has all of it; what comes after is the end alone. */
  #isWhole = false;

  constructor(forward: Forward, parts: ForwardingParts) {
    this.#forward = forward;
    this.#parts = parts;
  }

  start(): void {
    const { response, idleTimeoutMs } = this.#forward;
    this.#watched = this.#parts.silence.add(this, idleTimeoutMs);
    response.once('close', () => this.end());
    if (!this.#send()) this.#fail(undefined);
  }

  /** Lets go of the upstream: the client has its answer, or is not to have one from there. May be called again. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#watched !== undefined) this.#parts.silence.delete(this.#watched);
    this.#lease?.release();
    // Where all was said on both sides the connection is kept, once what waits of the answer is read.
    if (this.#answer?.complete === true && this.#upstream?.writableFinished === true) this.#answer.resume();
    else this.#upstream?.destroy();
  }

  bytesMoved(): number {
    const socket = this.#upstream?.socket;
    return socket === undefined || socket === null ? 0 : socket.bytesRead + socket.bytesWritten;
  }

  onSilent(): void {
    this.#isTimedOut = true;
    this.#upstream?.destroy();
  }

  /** Answers whether there was an address that was not tried. */
  #send(): boolean {
    const { request, headers, path, body, upstreams } = this.#forward;
    const lease = upstreams.take(this.#tried);
    if (lease === undefined) return false;
    this.#lease = lease;
    const agent = this.#parts.agents.of(lease.address);
    this.#agent = agent;
    const upstream = sendRequest({
      agent,
      method: request.method,
      path,
      // HTTP/1.0 asks without one.
      headers: request.headers.host === undefined ? ['host', lease.target.host, ...headers] : headers,
    });
    this.#upstream = upstream;
    upstream.on('response', (answer) => this.#onAnswer(answer));
    upstream.on('error', (error) => {
      // One that was left for another, or that was told to end, has no say.
      if (upstream === this.#upstream && !this.#isOver) this.#onError(error);
    });
    // Also what ends without an error, as an answer that changes the protocol does: nobody is left to wait for nothing.
    upstream.once('close', () => {
      if (upstream === this.#upstream && !this.#isOver && this.#answer === undefined)
        this.#onError(new Error('the connection was closed'));
    });
    if (body === undefined) upstream.end();
    // Not read before there is a connection to carry it: so a refused one has taken nothing, and another address can have it whole.
    else
      upstream.once('socket', (socket) =>
        agent.onConnected(socket, () => {
          body.pipe(upstream);
        }),
      );
    return true;
  }

  #onError(error: Error): void {
    const { response, request, body } = this.#forward;
    this.#lease?.release();
    if (response.headersSent || response.destroyed) {
      this.end();
      response.destroy();
      return;
    }
    const socket = this.#upstream?.socket ?? undefined;
    const isConnected = socket !== undefined && this.#agent?.isConnected(socket) === true;
    if (!isConnected) this.#lease?.reportDown();
    const resend = decideResend({
      method: request.method ?? 'GET',
      hasBody: body !== undefined,
      isStream: wantsStream(request),
      isConnected,
      isStale: this.#upstream?.reusedSocket === true && 'code' in error && error.code === 'ECONNRESET',
      isTimedOut: this.#isTimedOut,
      isSecond: this.#isSecond,
    });
    if (isConnected) this.#isSecond = true;
    if (resend === 'elsewhere' && this.#lease !== undefined) this.#tried.push(this.#lease.target);
    if (resend === 'no' || !this.#send()) this.#fail(error);
  }

  #fail(cause: Error | undefined): void {
    this.end();
    const code = this.#isTimedOut ? 'TIMEOUT' : 'UPSTREAM_UNAVAILABLE';
    this.#forward.onFailed(PlatformError.of(code, undefined, { cause }));
  }

  #onAnswer(answer: IncomingMessage): void {
    const { response, request } = this.#forward;
    this.#answer = answer;
    this.#agent?.noteKeepAlive(answer.socket, answer.rawHeaders);
    const { headers, isStream, length } = this.#forward.readAnswer(answer);
    try {
      response.writeHead(answer.statusCode ?? 0, answer.statusMessage ?? '', headers);
    } catch (error) {
      // It could be read and cannot be written: a status that is none, a character that no header has.
      return this.#fail(error instanceof Error ? error : undefined);
    }
    if (isStream) response.flushHeaders();
    const whole = request.method === 'HEAD' ? 0 : length;
    answer.on('data', (chunk: Buffer) => this.#onChunk(chunk, whole));
    answer.once('end', () => this.#onEnd());
    answer.on('error', () => {});
    answer.once('close', () => {
      if (!answer.complete) response.destroy();
    });
  }

  #onChunk(chunk: Buffer, whole: number | undefined): void {
    const { response } = this.#forward;
    if (this.#isOver) return;
    // Most answers are one chunk: head, body and end go out together.
    if (chunk.length === whole) {
      this.#isWhole = true;
      response.end(chunk);
      return;
    }
    if (response.write(chunk)) return;
    this.#answer?.pause();
    response.once('drain', () => this.#answer?.resume());
  }

  #onEnd(): void {
    if (this.#isWhole) return;
    this.#isWhole = true;
    this.#forward.response.end();
  }
}
