import { expect, test } from 'vitest';
import { ERRORS } from './error-table.ts';
import { PlatformError, toErrorBody } from './platform-error.ts';

test('a platform error shows its message, type and details', () => {
  const error = PlatformError.of('ENQUEUE_REJECTED', undefined, {
    details: { reason: 'paid_threshold_exceeded' },
    retryAfterSec: 45,
  });
  expect(toErrorBody(error, 'r-1')).toEqual({
    status: 503,
    retryAfterSec: 45,
    body: {
      detail: {
        error: ERRORS.ENQUEUE_REJECTED.text,
        error_type: 'queue.enqueue_rejected',
        reason: 'paid_threshold_exceeded',
        request_id: 'r-1',
        retry_after: 45,
      },
    },
  });
});

test('anything else shows nothing but the request id', () => {
  const { status, body } = toErrorBody(new Error('password=canary at /srv/x.ts'), 'r-2');
  expect(status).toBe(500);
  expect(body).toEqual({ detail: { error: 'Internal error.', error_type: 'internal', request_id: 'r-2' } });
});

test('an internal error keeps its message and details to itself', () => {
  const { body } = toErrorBody(PlatformError.of('INTERNAL', 'canary', { details: { canary: 1 } }));
  expect(JSON.stringify(body)).not.toContain('canary');
});

test('details cannot replace the error or its type', () => {
  const { body } = toErrorBody(
    PlatformError.of('NOT_FOUND', undefined, { details: { error: 'x', error_type: 'y' } }),
  );
  expect(body.detail).toMatchObject({ error: 'Not found.', error_type: 'not_found' });
});

test('429 and 503 always carry a time to wait', () => {
  for (const [code, row] of Object.entries(ERRORS)) {
    const answer = toErrorBody(PlatformError.of(code as keyof typeof ERRORS));
    expect([code, answer.retryAfterSec !== undefined]).toEqual([
      code,
      row.status === 429 || row.status === 503,
    ]);
  }
});
