/** What the server's error body says, 03 section 1: `{detail: string | {error, error_type, ...}}`. */
export interface ApiErrorFields {
  /** HTTP status, 0 when no answer came at all. */
  status: number;
  /** Stable, dotted, for programs; `network_error` when no answer came. */
  errorType: string;
  message: string;
  /** Seconds, from `Retry-After` or the body. */
  retryAfter?: number | undefined;
  requestId?: string | undefined;
  reason?: string | undefined;
}

export class ApiError extends Error {
  readonly status: number;
  readonly errorType: string;
  readonly retryAfter: number | undefined;
  readonly requestId: string | undefined;
  readonly reason: string | undefined;

  constructor(fields: ApiErrorFields, options?: ErrorOptions) {
    super(fields.message, options);
    this.name = 'ApiError';
    this.status = fields.status;
    this.errorType = fields.errorType;
    this.retryAfter = fields.retryAfter;
    this.requestId = fields.requestId;
    this.reason = fields.reason;
  }

  /** May the same request succeed later, unchanged? */
  get isTransient(): boolean {
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** `Retry-After` in seconds; its other form, a date, is answered relative to `nowMs`. */
export function parseRetryAfter(value: string | null, nowMs: number): number | undefined {
  if (value === null || value.trim() === '') return undefined;
  const seconds = Number(value);
  if (Number.isFinite(seconds)) return Math.max(0, seconds);
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, Math.ceil((date - nowMs) / 1000));
}

/** Reads the error body, whatever it is; never rejects. */
export async function errorFromResponse(response: Response, nowMs: number): Promise<ApiError> {
  const body: unknown = await response.json().catch(() => undefined);
  const detail = isRecord(body) ? body['detail'] : undefined;
  const fields = isRecord(detail) ? detail : {};
  const retryAfter =
    parseRetryAfter(response.headers.get('retry-after'), nowMs) ??
    (typeof fields['retry_after'] === 'number' ? fields['retry_after'] : undefined);
  return new ApiError({
    status: response.status,
    errorType: text(fields['error_type']) ?? `http_${response.status}`,
    message: text(fields['error']) ?? text(detail) ?? `The server answered ${response.status}.`,
    retryAfter,
    requestId: response.headers.get('x-request-id') ?? undefined,
    reason: text(fields['reason']),
  });
}

/** No answer came: refused, cut off, offline. */
export function networkError(cause: unknown): ApiError {
  return new ApiError(
    { status: 0, errorType: 'network_error', message: 'The server cannot be reached.' },
    { cause },
  );
}
