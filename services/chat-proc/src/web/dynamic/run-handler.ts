import type { Request } from 'express';
import { parseCookie } from 'cookie';
import { PlatformError } from '@switchyard/kernel';
import type { BundleManifest, HeaderList, InvocationUser, WireResponse } from '@switchyard/protocol';
import { webRequestMessageSchema } from '@switchyard/protocol';
import type { WebRequestMessage } from '@switchyard/protocol';
import type { BundleHold } from '@switchyard/registry';
import type { LateAnswer } from '@switchyard/store';
import type { Log } from '@switchyard/telemetry';
import type { BundleInvoker, BundleRequest } from '../../invocations/invoke-bundle.ts';
import { checkAnswer } from './check-answer.ts';
import { REQUEST_CHANNEL } from './decide-handler.ts';
import type { ChosenHandler } from './decide-handler.ts';
import type { HeldRequests } from './held-requests.ts';
import type { LateAnswers } from './late-answers.ts';
import { hasBody, readBody, streamBody } from './read-body.ts';
import type { BodyLimits, ByteBudget } from './read-body.ts';
import { letGo } from './send-answer.ts';

export interface RunHandlerParts {
  readonly invoker: BundleInvoker;
  readonly held: HeldRequests;
  readonly late: LateAnswers;
  readonly budget: ByteBudget;
  readonly body: BodyLimits;
  /** Milliseconds that a handler may go on after its answer. */
  readonly workMs: number;
  readonly log: Log;
}

export interface HandledRequest {
  readonly requestId: string;
  readonly site: string;
  readonly req: Request;
  readonly path: string;
  readonly query: string;
  readonly headers: HeaderList;
  readonly user: InvocationUser | undefined;
  /** Of the client; undefined where an answer may be kept for others. */
  readonly address: string | undefined;
  /** Milliseconds until the head of the answer. */
  readonly timeoutMs: number;
}

export interface HandlerAnswer {
  readonly response: WireResponse;
  /** To be called when the answer is out, or broke off. */
  delivered(): void;
}

/**
 * Runs the handler of a request, once, and resolves with the head of its answer. `release` is called when the handler is done, which may
 * be long after. Rejects with what its client is to be told.
 */
export type RunHandler = (
  handler: ChosenHandler,
  request: HandledRequest,
  signal: AbortSignal,
  release: () => void,
) => Promise<HandlerAnswer>;

export function createRunHandler(parts: RunHandlerParts): RunHandler {
  return async (handler, request, signal, release) => {
    let hold: BundleHold | undefined;
    // A body over the limit ends its handler, and is what the client hears of, whatever the handler makes of it.
    let refusal: PlatformError | undefined;
    const stop = new AbortController();
    const onTooLarge = (error: PlatformError): void => {
      refusal = error;
      stop.abort(error);
    };
    const either = AbortSignal.any([signal, stop.signal]);
    try {
      hold = await parts.invoker.hold(handler.bundleId);
      const run = { parts, request, hold, signal: either, stop, onTooLarge, release };
      return await (handler.form === 'web' ? runWeb(run) : runChannel(run));
    } catch (error) {
      hold?.release();
      release();
      throw refusal ?? toClientError(error);
    }
  };
}

interface Run {
  readonly parts: RunHandlerParts;
  readonly request: HandledRequest;
  readonly hold: BundleHold;
  readonly signal: AbortSignal;
  /** Ends the handler. */
  readonly stop: AbortController;
  readonly onTooLarge: (error: PlatformError) => void;
  readonly release: () => void;
}

/** `web.fetch`: what it returned is the answer, and it is done with the last byte of it. */
async function runWeb({ parts, request, hold, signal, onTooLarge, release }: Run): Promise<HandlerAnswer> {
  const { req, requestId, site, user, timeoutMs } = request;
  const isSafe = req.method === 'GET' || req.method === 'HEAD';
  const body = isSafe || !hasBody(req) ? null : streamBody(req, parts.body.maxBytes, onTooLarge);
  const value = await parts.invoker.run(hold, {
    kind: 'web',
    payload: {
      request: { method: req.method, url: addressOf(request), headers: request.headers, body },
      request_id: requestId,
      site,
      ...(user === undefined ? {} : { user }),
    },
    ...(user === undefined ? {} : { user }),
    timeoutMs,
    signal,
  });
  return { response: fit(parts, value, hold), delivered: release };
}

/** `io:web:request`: the answer is what `web.respond` is given first, from the handler or from anywhere else. */
async function runChannel(run: Run): Promise<HandlerAnswer> {
  const { parts, request, hold, signal, stop, onTooLarge, release } = run;
  const { requestId, req, site, user, timeoutMs } = request;
  // Before a byte is read: what fails after that would have to give back what the body holds.
  const head = checkMessage({
    request_id: requestId,
    site,
    method: req.method,
    path: request.path,
    query: [...new URLSearchParams(request.query)],
    headers: request.headers,
    cookies: cookiesOf(request.headers),
    body: null,
    ...(user === undefined ? {} : { user }),
    ...(request.address === undefined ? {} : { client: { ip: request.address } }),
  });
  const read = await readBody(req, parts.body, parts.budget, onTooLarge);
  const message: WebRequestMessage = {
    ...head,
    body: read.body,
    ...(read.stream === undefined ? {} : { body_stream: read.stream }),
  };
  const { bundleId } = hold.version;
  const held = parts.held.hold(requestId, bundleId, site);
  const invocation: BundleRequest = {
    kind: 'channel',
    name: REQUEST_CHANNEL,
    payload: { message },
    ...(user === undefined ? {} : { user }),
    timeoutMs: timeoutMs + parts.workMs,
    signal,
  };
  let isAnswered = false;
  const running = parts.invoker.run(hold, invocation).finally(() => {
    read.release();
    release();
  });
  const timeout = PlatformError.of('TIMEOUT', undefined, { errorType: 'web.timeout' });
  const timer = setTimeout(() => stop.abort(timeout), timeoutMs);
  const waits = new AbortController();
  try {
    const unanswered = running.then(() => answerElsewhere(run, waits.signal));
    const { response, delivered } = await Promise.race([
      held.answer,
      unanswered.then((late) => ({ response: toResponse(late), delivered: () => undefined })),
    ]);
    isAnswered = true;
    if (response.status === 202) void watchAccepted(parts, running, requestId, bundleId);
    return { response, delivered };
  } finally {
    clearTimeout(timer);
    waits.abort();
    parts.held.release(requestId);
    running.catch((error: unknown) => {
      if (isAnswered) parts.log.warn('handler failed after its answer', { bundle_id: bundleId, site, error });
    });
  }
}

/** The handler is done and has not answered. One that has jobs may have left it to them, so its client waits on; else nobody will. */
async function answerElsewhere(
  { parts, request, hold, signal }: Run,
  over: AbortSignal,
): Promise<LateAnswer> {
  if (!mayAnswerLater(hold.manifest))
    throw PlatformError.of('WEB_FAILED', undefined, {
      cause: new Error(`"${hold.version.bundleId}" ended without web.respond(): ${request.path}`),
    });
  return parts.late.wait(request.requestId, hold.version.bundleId, AbortSignal.any([signal, over]));
}

function mayAnswerLater({ jobs, schedules }: Pick<BundleManifest, 'jobs' | 'schedules'>): boolean {
  return Object.keys(jobs).length > 0 || Object.keys(schedules).length > 0;
}

/** Whoever asks for the answer of a 202 is told when its handler failed. */
async function watchAccepted(
  { late, log }: RunHandlerParts,
  running: Promise<unknown>,
  requestId: string,
  bundleId: string,
): Promise<void> {
  try {
    await running;
  } catch {
    const failed = { status: 502, headers: [], body: null, error: 'the handler failed' };
    await late
      .answer(requestId, bundleId, failed)
      .catch((error: unknown) => log.warn('the end of a request could not be stored', { error }));
  }
}

function toResponse({ status, headers, body, error }: LateAnswer): WireResponse {
  if (error !== undefined) throw PlatformError.of('WEB_FAILED', undefined, { cause: new Error(error) });
  return { status, headers, body };
}

function fit({ log }: RunHandlerParts, value: unknown, { version }: BundleHold): WireResponse {
  const checked = checkAnswer(value);
  if ('answer' in checked) return checked.answer;
  log.warn('handler answered nonsense', { bundle_id: version.bundleId, reason: checked.error });
  void letGo(bodyOf(value)).catch(() => undefined);
  throw PlatformError.of('WEB_FAILED', undefined, { cause: new Error(checked.error) });
}

function bodyOf(value: unknown): WireResponse['body'] {
  const body = (value as { body?: unknown } | null | undefined)?.body;
  return typeof body === 'object' && body !== null && Symbol.asyncIterator in body
    ? (body as AsyncIterable<Uint8Array>)
    : null;
}

/** Throws INVALID_REQUEST for a host or path that makes no address. */
function addressOf({ req, path, query }: HandledRequest): string {
  const address = `${req.protocol}://${req.host || 'site.invalid'}`;
  try {
    // What the handler parses must be the path that was matched: nothing in a host may swallow it.
    const parsed = new URL(path + (query === '' ? '' : `?${query}`), address);
    if (parsed.origin === new URL(address).origin) return parsed.href;
  } catch {
    // Below, with the others.
  }
  throw PlatformError.of('INVALID_REQUEST', 'The address of the request cannot be read.');
}

function cookiesOf(headers: HeaderList): Record<string, string> {
  const header = headers
    .filter(([name]) => name === 'cookie')
    .map(([, value]) => value)
    .join('; ');
  const named = Object.entries(parseCookie(header)).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  );
  return Object.fromEntries(named);
}

function checkMessage(message: WebRequestMessage): WebRequestMessage {
  const checked = webRequestMessageSchema.safeParse(message);
  if (checked.success) return message;
  const [issue] = checked.error.issues;
  throw PlatformError.of(
    'INVALID_REQUEST',
    `The request cannot be handed over: ${issue?.path.join('.') ?? ''}`,
  );
}

/** What went wrong inside is for the log; its client hears whose fault it was, and nothing else. */
function toClientError(error: unknown): unknown {
  if (!(error instanceof PlatformError)) return PlatformError.of('WEB_FAILED', undefined, { cause: error });
  const { code, retryAfterSec } = error;
  if (code === 'BUNDLE_ERROR' || code === 'BUNDLE_CRASHED' || code === 'BUNDLE_BLOCKED')
    return PlatformError.of('WEB_FAILED', undefined, { cause: error });
  if (code === 'TIMEOUT')
    return PlatformError.of('TIMEOUT', undefined, { errorType: 'web.timeout', cause: error });
  if (code === 'BUNDLE_UNAVAILABLE' || code === 'CIRCUIT_OPEN')
    return PlatformError.of('WEB_NO_HANDLER', undefined, {
      cause: error,
      retryAfterSec: retryAfterSec ?? 1,
    });
  return error;
}
