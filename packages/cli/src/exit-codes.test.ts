import { ApiError } from '@switchyard/client';
import { expect, test } from 'vitest';
import { Refused, UsageError, failureOf, withoutStack } from './exit-codes.ts';

const answered = (status: number, message = 'No.', errorType = 'request.x') =>
  new ApiError({ status, message, errorType, requestId: 'r1' });

test.each([
  [answered(404), 1],
  [answered(422), 1],
  [answered(500), 1],
  [answered(503), 1],
  [answered(502, 'No.', 'http_502'), 3],
  [answered(504, 'No.', 'http_504'), 3],
  [answered(504, 'The time limit was reached.', 'timeout'), 1],
  [answered(0), 3],
  [new DOMException('slow', 'TimeoutError'), 3],
  [new Refused('A test failed.'), 1],
  [new UsageError('no'), 2],
  [new Error('EACCES: permission denied'), 2],
  [new DOMException('gone', 'AbortError'), 130],
])('%s ends with %i', (error, code) => {
  expect(failureOf(error).code).toBe(code);
});

test('a refusal keeps its type and its request, for programs', () => {
  expect(failureOf(answered(422, 'No such field.')).details).toEqual({
    error: 'No such field.',
    error_type: 'request.x',
    http_status: 422,
    request_id: 'r1',
  });
});

test('of a stack only the lines of the bundle stay', () => {
  const message = [
    'The bundle does not load: Error: out of order',
    '    at file:///data/hosts/host-1/version/src/bundle.ts:1:7',
    '    at greet (file:///data/bundles/clock__upload__0a1b2c3d/words.ts:3:9)',
    '    at ModuleJob.run (node:internal/modules/esm/module_job:569:25)',
    '    at async #load (file:///srv/runner/host/bundle-host.ts:98:29)',
  ].join('\n');
  expect(withoutStack(message)).toBe(
    'The bundle does not load: Error: out of order\n  src/bundle.ts:1:7\n  words.ts:3:9',
  );
});

test('files of the bundle are named as their author knows them', () => {
  const message = [
    "Cannot find package 'left-pad' imported from /data/hosts/host-1/version/src/bundle.ts",
    'file:///data/bundles/clock__upload__0a1b2c3d/bundle.ts:1',
    'enum A {B}; /etc/version is a file',
  ].join('\n');
  expect(withoutStack(message)).toBe(
    "Cannot find package 'left-pad' imported from src/bundle.ts\nbundle.ts:1\nenum A {B}; /etc/version is a file",
  );
});
