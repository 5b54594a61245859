import type { HeaderList, WireRequest, WireResponse } from '@switchyard/protocol';

/** Answers that have no body by HTTP's own rule; `Response` refuses to be built with one. */
const BODILESS: ReadonlySet<number> = new Set([204, 205, 304]);

/** A `fetch` whose requests go through `send`. Rejects with the signal's reason when the request is aborted before its answer came. */
export function createFetch(
  send: (request: WireRequest) => Promise<WireResponse>,
): (input: string | URL | Request, init?: RequestInit) => Promise<Response> {
  return async (input, init) => {
    const request = new Request(input, init);
    request.signal.throwIfAborted();
    const { method, url, headers } = request;
    const body = request.body === null ? null : new Uint8Array(await request.arrayBuffer());
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    const abort = () => reject(request.signal.reason as Error);
    request.signal.addEventListener('abort', abort, { once: true });
    try {
      const sent = send({ method, url, headers: [...headers], body });
      return toResponse(await Promise.race([sent, aborted]), request);
    } finally {
      request.signal.removeEventListener('abort', abort);
    }
  };
}

/**
 * A request hears of an abort only while somebody holds the request itself: its `signal` alone, listened to or not, is not enough, and
 * a handler that waits for nothing but `request.signal` holds no more than that. So it lives as long as the signal that it follows.
 */
const requestsOf = new WeakMap<AbortSignal, Request>();

export function toRequest({ method, url, headers, body }: WireRequest, signal: AbortSignal): Request {
  const hasBody = body !== null && method !== 'GET' && method !== 'HEAD';
  // `duplex` is needed for a streamed body and missing in the typings of some platforms.
  const streamed = hasBody ? { body: toBody(body), duplex: 'half' as const } : {};
  const request = new Request(url, { method, headers, signal, ...streamed });
  requestsOf.set(signal, request);
  return request;
}

/** An abort of `request` ends a body that is still coming. */
export function toResponse({ status, headers, body }: WireResponse, request?: Request): Response {
  const init = { status, headers: new Headers(headers) };
  if (body === null || BODILESS.has(status)) return new Response(null, init);
  return new Response(toBody(body, request), init);
}

/** Its body is left as a stream: it goes out while the bundle still writes. */
export function toWireResponse(response: Response): WireResponse {
  return { status: response.status, headers: toHeaderList(response.headers), body: response.body };
}

function toHeaderList(headers: Headers): HeaderList {
  // Joined by a comma, several cookies could not be told apart: the iterator keeps them single.
  return [...headers];
}

type Body = NonNullable<WireResponse['body']>;

/** Holds `request` to the end of the body, for the reason that `requestsOf` gives. */
function toBody(body: Body, request?: Request): Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> {
  if (body instanceof Uint8Array) return new Uint8Array(body);
  const chunks = body[Symbol.asyncIterator]();
  let abort = (): void => undefined;
  const end = () => request?.signal.removeEventListener('abort', abort);
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        abort = () => {
          controller.error(request?.signal.reason);
          void chunks.return?.();
        };
        request?.signal.addEventListener('abort', abort, { once: true });
      },
      async pull(controller) {
        const next = await chunks.next();
        if (next.done !== true) return controller.enqueue(next.value);
        end();
        controller.close();
      },
      async cancel() {
        end();
        await chunks.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}
