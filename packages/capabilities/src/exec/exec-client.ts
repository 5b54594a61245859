import { PlatformError } from '@switchyard/kernel';
import type { Secret } from '@switchyard/kernel';
import { execOfferSchema, runEventSchema } from '@switchyard/protocol';
import type { ExecOffer, RunEvent } from '@switchyard/protocol';
import { z } from 'zod';

/** What is asked of the service: `code` and files in base64, as `POST /runs` takes them. */
export interface RunAsked {
  readonly language: string;
  readonly code?: string | undefined;
  readonly command?: readonly string[] | undefined;
  readonly stdin?: string | undefined;
  readonly files: readonly { readonly path: string; readonly content: string }[];
  readonly limits: { readonly timeout_ms?: number | undefined; readonly memory_mb?: number | undefined };
}

/** The service that runs generated code. Both reject UNAVAILABLE where it does not answer. */
export interface ExecClient {
  offer(): Promise<ExecOffer>;
  /**
   * Until `end`. The program is ended when `signal` aborts, or when nobody reads on. Rejects CAPABILITY_UNAVAILABLE, INVALID_REQUEST,
   * TOO_LARGE, UNAVAILABLE, or the signal's reason.
   */
  run(asked: RunAsked, signal: AbortSignal): AsyncGenerator<RunEvent>;
}

const OFFER_MS = 3_000;
/** A file of the service's own bound in base64, many times over. */
const MAX_LINE_CHARACTERS = 256 * 1024 * 1024;
const refusalSchema = z.object({ detail: z.object({ error: z.string(), error_type: z.string() }) });

export function createExecClient({ url, token }: { url: string; token: Secret }): ExecClient {
  const base = url.replace(/\/$/u, '');
  const ask = async (path: string, init: RequestInit & { signal: AbortSignal }): Promise<Response> => {
    const response = await fetch(`${base}${path}`, {
      ...init,
      headers: { authorization: `Bearer ${token.reveal()}`, 'content-type': 'application/json' },
      redirect: 'error',
    }).catch((cause: unknown) => {
      throw noAnswer(cause);
    });
    if (!response.ok) throw await refusalOf(response);
    return response;
  };
  return {
    async offer() {
      const response = await ask('/languages', { signal: AbortSignal.timeout(OFFER_MS) });
      return execOfferSchema.parse(await response.json());
    },
    async *run(asked, signal) {
      signal.throwIfAborted();
      try {
        const { body } = await ask('/runs', { method: 'POST', body: JSON.stringify(asked), signal });
        yield* eventsOf(body ?? new ReadableStream<Uint8Array>());
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        throw error instanceof PlatformError ? error : noAnswer(error);
      }
    },
  };
}

async function* eventsOf(body: ReadableStream<Uint8Array>): AsyncGenerator<RunEvent> {
  for await (const line of linesOf(body)) {
    const event = runEventSchema.parse(JSON.parse(line));
    yield event;
    if (event.type === 'end') return;
  }
  throw noAnswer(new Error('the run ended without its end'));
}

async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let parts: string[] = [];
  let length = 0;
  for await (const chunk of body) {
    const [first = '', ...rest] = decoder.decode(chunk, { stream: true }).split('\n');
    parts.push(first);
    length += first.length;
    if (length > MAX_LINE_CHARACTERS) throw new RangeError('a line is too long');
    for (const next of rest) {
      const line = parts.join('');
      if (line !== '') yield line;
      parts = [next];
      length = next.length;
    }
  }
}

async function refusalOf(response: Response): Promise<PlatformError> {
  const body: unknown = await response.json().catch(() => undefined);
  const { data } = refusalSchema.safeParse(body);
  const message = data?.detail.error;
  if (data?.detail.error_type === 'capability_unavailable')
    return PlatformError.of('CAPABILITY_UNAVAILABLE', message);
  if (response.status === 400) return PlatformError.of('INVALID_REQUEST', message);
  if (response.status === 413) return PlatformError.of('TOO_LARGE', message);
  const retryAfterSec = Number(response.headers.get('retry-after') ?? 1);
  if (response.status === 503 && message !== undefined)
    return PlatformError.of('UNAVAILABLE', message, { retryAfterSec });
  return noAnswer(new Error(`it answers ${response.status}`));
}

function noAnswer(cause: unknown): PlatformError {
  return PlatformError.of('UNAVAILABLE', 'The service that runs code does not answer.', { cause });
}
