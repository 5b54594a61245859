import { dynamicRouteSchema } from '@switchyard/web-store';
import { expect, test } from 'vitest';
import { createMatchRoute } from './match-route.ts';

const match = createMatchRoute(
  [
    { pattern: '/orders/*', methods: ['GET'] },
    { pattern: '/orders/*' },
    { pattern: '/pay', methods: ['POST'] },
  ].map((route) => dynamicRouteSchema.parse(route)),
);

test.each([
  ['GET', '/orders/7', ['GET']],
  ['HEAD', '/orders/7', ['GET']],
  ['POST', '/orders/7', undefined],
  ['GET', '/pay', ['POST']],
  ['OPTIONS', '/pay', ['POST']],
])('%s %s is for the route with the methods %j', (method, path, methods) => {
  expect(match(method, path)?.methods).toEqual(methods);
});

test('late answers are asked for at their path, whichever routes there are', () => {
  expect(match('GET', '/api/_status/a1')?.pattern).toBe('/orders/*');
  expect(match('GET', '/api/other')).toBeUndefined();
  expect(createMatchRoute([])('GET', '/api/_status/a1')).toBeUndefined();
});
