import type { SimPage } from './sim-browser.ts';
import type { SimServer } from './sim-server.ts';
import { SimStream } from './sim-stream.ts';
import type { Frame } from './sim-stream.ts';

/** A request under way. Each phase is a moment of its own; the last one brings the answer. */
export interface SimRequest {
  readonly page: SimPage;
  readonly kind: 'fetch' | 'stream' | 'replay' | 'send';
  phases: (() => void)[];
  fail(error: unknown): void;
  answer(response: Response): void;
}

/** An open stream of a page. */
export interface SimLine {
  readonly page: SimPage;
  readonly stream: SimStream;
  /** Half open: nothing comes any more and nobody says so. */
  isDead: boolean;
  say(count: number, isJoined: boolean): void;
  comment(): void;
  farewell(event: 'lagged' | 'server_shutdown'): void;
  cut(): void;
}

const encoder = new TextEncoder();
const encode = ({ id, event, data }: Frame): string =>
  `${id === undefined ? '' : `id: ${id}\n`}${event === undefined ? '' : `event: ${event}\ndata: ${data ?? ''}\n`}\n`;

function answerOf(status: number, body: unknown): Response {
  const text = JSON.stringify(body);
  return {
    ok: status < 300,
    status,
    headers: new Headers({ 'content-type': 'application/json' }),
    json: async () => JSON.parse(text) as unknown,
    text: async () => text,
  } as Response;
}

/** Everything between the pages and the server. Nothing moves unless it is let go. */
export class SimNetwork {
  readonly #server: SimServer;
  requests: SimRequest[] = [];
  lines: SimLine[] = [];
  /** Nobody is signed in any more. */
  isSignedOut = false;
  /** How many requests there were. */
  readonly counts = { fetch: 0, stream: 0, replay: 0, send: 0 };

  constructor(server: SimServer) {
    this.#server = server;
  }

  fetchOf(page: SimPage): typeof fetch {
    return ((input: string, init: RequestInit = {}) =>
      new Promise<Response>((resolve, reject) => {
        const url = new URL(input, 'http://sim');
        const request = this.#request(page, url, init, { resolve, reject });
        this.counts[request.kind] += 1;
        if (this.isSignedOut) request.phases = [() => request.answer(answerOf(401, {}))];
        const abort = () => {
          this.requests = this.requests.filter((each) => each !== request);
          reject(new DOMException('aborted', 'AbortError'));
        };
        if (init.signal?.aborted === true) return abort();
        init.signal?.addEventListener('abort', abort);
        this.requests.push(request);
      })) as typeof fetch;
  }

  /** The next moment of a request. */
  letGo(request: SimRequest): void {
    request.phases.shift()?.();
    if (request.phases.length === 0) this.requests = this.requests.filter((each) => each !== request);
  }

  /** The request gets no answer, or a refusal; what it has done so far stays done. */
  refuse(request: SimRequest, how: 'broken' | 'unavailable'): void {
    this.requests = this.requests.filter((each) => each !== request);
    if (how === 'broken') request.fail(new TypeError('network'));
    else request.answer(answerOf(503, { detail: { message: 'not now', error_type: 'unavailable' } }));
  }

  forget(page: SimPage): void {
    this.requests = this.requests.filter((each) => each.page !== page);
    for (const line of this.lines.filter((each) => each.page === page)) this.#hangUp(line);
  }

  #hangUp(line: SimLine): void {
    line.stream.close();
    this.lines = this.lines.filter((each) => each !== line);
  }

  #request(
    page: SimPage,
    url: URL,
    init: RequestInit,
    promise: { resolve(response: Response): void; reject(error: unknown): void },
  ): SimRequest {
    const answer = (response: Response): void => page.run(() => promise.resolve(response));
    const fail = (error: unknown): void => page.run(() => promise.reject(error));
    const headers = new Headers(init.headers);
    const base = { page, answer, fail };
    if (url.pathname.endsWith('/fetch')) {
      let position = '';
      let body: unknown;
      const phases = [
        () => (position = this.#server.position),
        () => (body = structuredClone(this.#server.details(position))),
        () => answer(answerOf(200, body)),
      ];
      return { ...base, kind: 'fetch', phases };
    }
    if (url.pathname === '/sse/stream') {
      const isReplay = url.searchParams.get('replay') === 'turn';
      const query = {
        lastEventId: headers.get('last-event-id') ?? undefined,
        isReplay,
        conversationId: url.searchParams.get('conversation_id') ?? undefined,
      };
      const phases = [() => answer(this.#openLine(page, new SimStream(this.#server, query), init.signal))];
      return { ...base, kind: isReplay ? 'replay' : 'stream', phases };
    }
    const { message } = JSON.parse(typeof init.body === 'string' ? init.body : '{}') as { message: string };
    let enqueue: ReturnType<SimServer['accept']> = () => undefined;
    let ack: unknown;
    const phases = [
      () => (enqueue = this.#server.accept(headers.get('idempotency-key') ?? '', message)),
      () => (ack = enqueue()),
      () => answer(answerOf(200, ack)),
    ];
    return { ...base, kind: 'send', phases };
  }

  #openLine(page: SimPage, stream: SimStream, signal: AbortSignal | null | undefined): Response {
    let isOver = false;
    let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
    const hangUp = (end: () => void): void => {
      if (isOver) return;
      isOver = true;
      this.#hangUp(line);
      end();
    };
    const push = (text: string): void =>
      page.run(() => {
        if (text !== '' && !isOver) controller?.enqueue(encoder.encode(text));
      });
    const body = new ReadableStream<Uint8Array>({
      start: (given) => void (controller = given),
      cancel: () => hangUp(() => undefined),
    });
    const line: SimLine = {
      page,
      stream,
      isDead: false,
      say: (count, isJoined) => {
        if (!line.isDead) push(stream.say(count, isJoined).map(encode).join(''));
      },
      comment: () => {
        if (!line.isDead) push(': keepalive\n\n');
      },
      farewell: (event) => {
        push(encode({ event, data: '{}' }));
        page.run(() => hangUp(() => controller?.close()));
      },
      cut: () => page.run(() => hangUp(() => controller?.error(new TypeError('cut')))),
    };
    signal?.addEventListener('abort', () =>
      hangUp(() => controller?.error(new DOMException('aborted', 'AbortError'))),
    );
    this.lines.push(line);
    push(encode(stream.ready));
    return { ok: true, status: 200, headers: new Headers(), body } as Response;
  }
}
