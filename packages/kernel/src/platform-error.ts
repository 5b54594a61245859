import { ERRORS } from './error-table.ts';
import type { ErrorCode } from './error-table.ts';

/** What a thrower may add to a code. `details` is shown to the client: never put internals there; `cause` never is. */
export interface ErrorExtra {
  details?: Record<string, unknown>;
  retryAfterSec?: number;
  /** Replaces the table's dotted type where one code has several, as `rate_limit.*`. */
  errorType?: string;
  cause?: unknown;
}

/** The one error class of the platform. The code decides status and type; see `ERRORS`. */
export class PlatformError extends Error {
  override readonly name = 'PlatformError';
  readonly code: ErrorCode;
  readonly status: number;
  readonly errorType: string;
  readonly retryable: boolean;
  readonly details: Record<string, unknown> | undefined;
  readonly retryAfterSec: number | undefined;

  constructor(code: ErrorCode, message?: string, extra: ErrorExtra = {}) {
    super(message ?? ERRORS[code].text, extra.cause === undefined ? undefined : { cause: extra.cause });
    this.code = code;
    this.status = ERRORS[code].status;
    this.errorType = extra.errorType ?? ERRORS[code].errorType;
    this.retryable = ERRORS[code].retryable;
    this.details = extra.details;
    this.retryAfterSec = extra.retryAfterSec;
  }

  /** INTERNAL and CONFIG keep their message for the log; a client sees the table's text. */
  get expose(): boolean {
    return this.code !== 'INTERNAL' && this.code !== 'CONFIG';
  }

  static of(code: ErrorCode, message?: string, extra?: ErrorExtra): PlatformError {
    return new PlatformError(code, message, extra);
  }
}

/** Shape of 03 §1: `{detail: {error, error_type, ...}}`. */
export interface ErrorBody {
  detail: {
    error: string;
    error_type: string;
    request_id?: string;
    retry_after?: number;
    [key: string]: unknown;
  };
}

/** Turns anything thrown into status, body and `Retry-After`. What is not a PlatformError shows nothing but the request id. */
export function toErrorBody(
  error: unknown,
  requestId?: string,
): { status: number; body: ErrorBody; retryAfterSec?: number } {
  const known =
    error instanceof PlatformError ? error : PlatformError.of('INTERNAL', undefined, { cause: error });
  // 429 and 503 always carry Retry-After (03 §1); a thrower that does not know says one second.
  const retryAfterSec = known.retryAfterSec ?? (known.status === 429 || known.status === 503 ? 1 : undefined);
  const body: ErrorBody = {
    detail: {
      ...(known.expose ? known.details : undefined),
      error: known.expose ? known.message : ERRORS[known.code].text,
      error_type: known.errorType,
      ...(requestId === undefined ? {} : { request_id: requestId }),
      ...(retryAfterSec === undefined ? {} : { retry_after: retryAfterSec }),
    },
  };
  return { status: known.status, body, ...(retryAfterSec === undefined ? {} : { retryAfterSec }) };
}
