import type { IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { createHeadGuard } from './check-head.ts';

const requestOf = (socket: object, url: string): IncomingMessage =>
  ({
    socket,
    url,
    method: 'GET',
    headers: { host: 'a' },
    rawHeaders: ['Host', 'a'],
    httpVersion: '1.1',
  }) as unknown as IncomingMessage;

test('what follows a refused head on its connection is refused, other connections are not', () => {
  const guard = createHeadGuard({ maxHeaders: 10 });
  const [bad, good] = [{}, {}];
  guard.check(requestOf(bad, '/a'));
  expect(() => guard.check(requestOf(bad, 'http://b/'))).toThrow('The address cannot be read.');
  expect(() => guard.check(requestOf(bad, '/a'))).toThrow('The request before this one could not be read.');
  guard.check(requestOf(good, '/a'));
});
