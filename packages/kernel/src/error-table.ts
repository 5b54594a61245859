/**
 * Every error code of the platform, once: HTTP status, the stable `error_type` that clients may rely on (03 §1), whether
 * trying again can help, and the sentence that a client sees when the thrower gives none.
 */
export const ERRORS = {
  INVALID_REQUEST: {
    status: 400,
    errorType: 'request.invalid',
    retryable: false,
    text: 'The request is not valid.',
  },
  INVALID_JSON: {
    status: 400,
    errorType: 'request.invalid_json',
    retryable: false,
    text: 'The body is not valid JSON.',
  },
  ATTACHMENT_REFUSED: {
    status: 400,
    errorType: 'rate_limit.attachment_failure',
    retryable: false,
    text: 'An attachment was refused.',
  },
  USER_REQUIRED: {
    status: 401,
    errorType: 'auth.user_required',
    retryable: false,
    text: 'User is required.',
  },
  BAD_TOKEN: { status: 401, errorType: 'auth.bad_token', retryable: false, text: 'The token is not valid.' },
  TOKEN_EXPIRED: {
    status: 401,
    errorType: 'auth.token_expired',
    retryable: false,
    text: 'The token has expired.',
  },
  FORBIDDEN: {
    status: 403,
    errorType: 'auth.forbidden',
    retryable: false,
    text: 'This is not allowed for you.',
  },
  MISSING_ROLES: {
    status: 403,
    errorType: 'auth.missing_roles',
    retryable: false,
    text: 'User missing required roles.',
  },
  FOREIGN_SESSION: {
    status: 403,
    errorType: 'auth.foreign_session',
    retryable: false,
    text: 'The session belongs to somebody else.',
  },
  FOREIGN_SCOPE: {
    status: 403,
    errorType: 'auth.foreign_scope',
    retryable: false,
    text: 'This tenant or project is not served here.',
  },
  CSRF: {
    status: 403,
    errorType: 'auth.csrf',
    retryable: false,
    text: 'The request does not come from this site.',
  },
  NOT_FOUND: { status: 404, errorType: 'not_found', retryable: false, text: 'Not found.' },
  METHOD_NOT_ALLOWED: {
    status: 405,
    errorType: 'method_not_allowed',
    retryable: false,
    text: 'The method is not allowed here.',
  },
  CONFLICT: {
    status: 409,
    errorType: 'conflict',
    retryable: false,
    text: 'The condition of the request does not hold.',
  },
  RANGE_NOT_SATISFIABLE: {
    status: 416,
    errorType: 'range_not_satisfiable',
    retryable: false,
    text: 'The file has no such part.',
  },
  CALL_IN_PROGRESS: {
    status: 409,
    errorType: 'call_in_progress',
    retryable: true,
    text: 'A call with this Idempotency-Key is under way.',
  },
  TOO_LARGE: {
    status: 413,
    errorType: 'request.too_large',
    retryable: false,
    text: 'The request is too large.',
  },
  UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    errorType: 'request.unsupported_media_type',
    retryable: false,
    text: 'The media type is not supported.',
  },
  UNPROCESSABLE: {
    status: 422,
    errorType: 'request.unprocessable',
    retryable: false,
    text: 'The request is well formed but refused.',
  },
  RATE_LIMITED: {
    status: 429,
    errorType: 'rate_limit.exceeded',
    retryable: true,
    text: 'Too many requests.',
  },
  ENQUEUE_REJECTED: {
    status: 503,
    errorType: 'queue.enqueue_rejected',
    retryable: true,
    text: 'The system is at its capacity.',
  },
  DRAINING: { status: 503, errorType: 'draining', retryable: true, text: 'This instance is shutting down.' },
  CIRCUIT_OPEN: {
    status: 503,
    errorType: 'circuit_open',
    retryable: true,
    text: 'Temporarily switched off after repeated failures.',
  },
  UNAVAILABLE: {
    status: 503,
    errorType: 'unavailable',
    retryable: true,
    text: 'A part of the system is not available right now.',
  },
  UPSTREAM_UNAVAILABLE: {
    status: 503,
    errorType: 'upstream_unavailable',
    retryable: true,
    text: 'The service behind this address is not available right now.',
  },
  TIMEOUT: { status: 504, errorType: 'timeout', retryable: true, text: 'The time limit was reached.' },
  BUNDLE_ERROR: {
    status: 500,
    errorType: 'bundle_error',
    retryable: false,
    text: 'The application failed while answering.',
  },
  BUNDLE_CRASHED: {
    status: 500,
    errorType: 'bundle_crashed',
    retryable: true,
    text: 'The application stopped while answering.',
  },
  BUNDLE_BLOCKED: {
    status: 500,
    errorType: 'bundle_blocked',
    retryable: true,
    text: 'The application stopped responding.',
  },
  BUNDLE_UNAVAILABLE: {
    status: 503,
    errorType: 'bundle_unavailable',
    retryable: true,
    text: 'The application could not be started.',
  },
  CAPABILITY_DENIED: {
    status: 403,
    errorType: 'capability_denied',
    retryable: false,
    text: 'The application was not granted this capability.',
  },
  CANCELLED: { status: 499, errorType: 'cancelled', retryable: false, text: 'Cancelled.' },
  WATCHDOG_TIMEOUT: {
    status: 504,
    errorType: 'task_watchdog_timeout',
    retryable: false,
    text: 'The answer took too long.',
  },
  TURN_INTERRUPTED: {
    status: 503,
    errorType: 'turn_interrupted',
    retryable: true,
    text: 'The server restarted while answering.',
  },
  CONFIG: { status: 500, errorType: 'config', retryable: false, text: 'The configuration is not valid.' },
  INTERNAL: { status: 500, errorType: 'internal', retryable: false, text: 'Internal error.' },
} as const satisfies Record<string, { status: number; errorType: string; retryable: boolean; text: string }>;

export type ErrorCode = keyof typeof ERRORS;
