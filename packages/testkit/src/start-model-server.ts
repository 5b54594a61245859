import { createServer } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { anthropicBody, anthropicFrames } from './anthropic-frames.ts';
import type { ModelAnswer, ModelFrame, ModelRefusal, ModelReply } from './model-replies.ts';
import { openAiBody, openAiFrames } from './openai-frames.ts';

/** What a client sent, as far as tests look into it. */
export interface ModelRequestBody {
  readonly model: string;
  readonly stream?: boolean;
  readonly stream_options?: { readonly include_usage?: boolean };
  readonly messages: readonly { readonly role: string; readonly content: unknown }[];
  readonly tools?: readonly unknown[];
  readonly [key: string]: unknown;
}

export interface ModelRequest {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: ModelRequestBody;
  /** `aborted`: the client went away before the answer was whole. */
  readonly ended: Promise<'answered' | 'aborted'>;
}

export interface ModelServer extends AsyncDisposable {
  /** Without `/v1`. */
  readonly url: string;
  /** Those that came with the right key and the right path, in order. */
  readonly requests: readonly ModelRequest[];
  /** For the requests that come; the first one left is the next answer. */
  script(...replies: ModelReply[]): void;
  close(): Promise<void>;
}

export interface ModelServerOptions {
  /** The key that a request has to carry, as `Authorization: Bearer` or `x-api-key`. Without: any or none. */
  readonly apiKey?: string;
}

/**
 * A server that speaks the protocols of OpenAI's chat completions and Anthropic's messages, and says what the test has scripted. A request
 * that nothing was scripted for is answered with 500, so that it is seen.
 */
export async function startModelServer({ apiKey }: ModelServerOptions = {}): Promise<ModelServer> {
  const requests: ModelRequest[] = [];
  const replies: ModelReply[] = [];
  const server = createServer((request, response) => {
    answer(request, response, { apiKey, requests, replies }).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else refuse(response, { status: 400, message: String(error) });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    script: (...more) => void replies.push(...more),
    close,
    [Symbol.asyncDispose]: close,
  };
}

interface Served {
  apiKey: string | undefined;
  requests: ModelRequest[];
  replies: ModelReply[];
}

async function answer(request: IncomingMessage, response: ServerResponse, served: Served): Promise<void> {
  const { headers, url: path = '' } = request;
  const body = (await json(request)) as ModelRequestBody;
  const sent = headers['x-api-key'] ?? headers.authorization?.replace(/^Bearer /u, '');
  if (served.apiKey !== undefined && sent !== served.apiKey)
    // As the real ones do: they repeat the key.
    return refuse(response, { status: 401, message: `Incorrect API key provided: ${String(sent)}.` });
  const isOpenAi = path === '/v1/chat/completions';
  if (request.method !== 'POST' || (!isOpenAi && path !== '/v1/messages'))
    return refuse(response, { status: 404, message: `Unknown request URL: ${path}` });
  const ended = new Promise<'answered' | 'aborted'>((resolve) => {
    response.on('close', () => resolve(response.writableFinished ? 'answered' : 'aborted'));
  });
  served.requests.push({ path, headers, body, ended });
  const reply = served.replies.shift() ?? { status: 500, message: 'The test has scripted no answer.' };
  if ('status' in reply) return refuse(response, reply);
  if (body.stream !== true) {
    const whole = isOpenAi ? openAiBody(reply, body.model) : anthropicBody(reply, body.model);
    await reply.hold;
    return sendJson(response, 200, whole);
  }
  const hasUsage = body.stream_options?.include_usage === true;
  const frames = isOpenAi ? openAiFrames(reply, body.model, hasUsage) : anthropicFrames(reply, body.model);
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
  await sendFrames(response, frames, reply);
}

async function sendFrames(response: ServerResponse, frames: ModelFrame[], reply: ModelAnswer): Promise<void> {
  for (const frame of frames) {
    if (response.destroyed) return;
    if (frame === 'hold') await reply.hold;
    else if (frame === 'cut') {
      if (reply.cut === 'socket') response.destroy();
      else response.end();
      return;
    } else {
      const { event, data } = frame;
      const text = typeof data === 'string' ? data : JSON.stringify(data);
      response.write(`${event === undefined ? '' : `event: ${event}\n`}data: ${text}\n\n`);
      // Each frame in a packet of its own, as far as the kernel allows.
      await new Promise(setImmediate);
    }
  }
  response.end();
}

function refuse(response: ServerResponse, { status, message, headers = {} }: ModelRefusal): void {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  sendJson(response, status, { type: 'error', error: { message, type: 'api_error', code: null } });
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
