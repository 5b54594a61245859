import { PlatformError } from '@switchyard/kernel';
import { expect, test } from 'vitest';
import { toRedisError } from './redis-error.ts';

const FULL = 'MISCONF Redis is configured to save RDB snapshots, but it is unable to persist to disk.';

test.each([
  ['a full disk', new Error(FULL), 'store_full'],
  ['no memory', new Error("OOM command not allowed when used memory > 'maxmemory'."), 'store_full'],
  [
    'a transaction of which a command was refused',
    Object.assign(new Error('EXECABORT Transaction discarded because of previous errors.'), {
      previousErrors: [new Error(FULL)],
    }),
    'store_full',
  ],
  ['a broken connection', new Error('Connection is closed.'), undefined],
  [
    'a command that waited too long for a connection',
    Object.assign(new Error('Reached the max retries per request limit (which is 8).'), {
      name: 'MaxRetriesPerRequestError',
    }),
    undefined,
  ],
])('%s passes: 503', (_what, error, reason) => {
  const translated = toRedisError(error);
  expect(translated).toBeInstanceOf(PlatformError);
  expect(translated).toMatchObject({ code: 'UNAVAILABLE', status: 503, cause: error });
  expect((translated as PlatformError).details?.['reason']).toBe(reason);
});

test('a defect stays one', () => {
  for (const error of [new Error('ERR unknown command'), new TypeError('x is not a function'), 'text'])
    expect(toRedisError(error)).toBe(error);
});
