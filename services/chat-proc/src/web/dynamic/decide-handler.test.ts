import { expect, test } from 'vitest';
import { decideHandler } from './decide-handler.ts';
import { matchesRule } from './match-rule.ts';

test.each([
  ['/api/*', '/api/x', true],
  ['/api/*', '/api/x/y', true],
  ['/api/*', '/api/', true],
  ['/api/*', '/api', true],
  ['/api/*', '/apis', false],
  ['/api/*', '/', false],
  ['/api', '/api', true],
  // As a route of the site has it: where one takes a path and the other does not, nobody would answer.
  ['/api', '/api/', true],
  ['/orders/:id', '/orders/7/', true],
  ['/orders/:id', '/orders/7', true],
  ['/orders/:id', '/orders/', false],
  ['/orders/:id', '/orders/7/lines', false],
  ['/*', '/anything', true],
])('%s takes %s: %s', (pattern, path, isTaken) => {
  expect(matchesRule({ path: pattern }, { site: 'shop', path, method: 'GET' })).toBe(isTaken);
});

const channel = (id: string, rule: object = {}) => ({
  id,
  channels: { 'io:web:request': rule },
  hasWeb: false,
});
const web = (id: string, rule?: object) => ({
  id,
  channels: {},
  hasWeb: true,
  ...(rule === undefined ? {} : { web: rule }),
});
const request = { site: 'shop', path: '/api/orders/7', method: 'GET' };

test.each([
  ['nobody is there', [], undefined, undefined],
  ['the only one', [channel('a')], undefined, { bundleId: 'a', form: 'channel' }],
  [
    'who names the site',
    [channel('a', { path: '/api/orders/*' }), web('b', { site: 'shop' })],
    undefined,
    { bundleId: 'b', form: 'web' },
  ],
  ['who names another site is out', [channel('a', { site: 'blog' })], undefined, undefined],
  [
    'the longer path',
    [web('a', { path: '/api/*' }), web('b', { path: '/api/orders/*' })],
    undefined,
    { bundleId: 'b', form: 'web' },
  ],
  [
    'who names the method',
    [web('a'), web('b', { methods: ['GET'] })],
    undefined,
    { bundleId: 'b', form: 'web' },
  ],
  ['equal ones by id, in whatever order', [web('b'), web('a')], undefined, { bundleId: 'a', form: 'web' }],
  [
    "the route's own before all",
    [channel('a', { site: 'shop', path: '/api/orders/*' }), web('b')],
    'b',
    { bundleId: 'b', form: 'web' },
  ],
  ["the route's own is not there: nobody else", [channel('a')], 'b', undefined],
])('%s', (_what, manifests, routeBundleId, wanted) => {
  expect(decideHandler(manifests, request, routeBundleId)).toEqual(wanted);
});

test('a HEAD is for who takes GET', () => {
  const manifests = [web('a', { methods: ['GET'] })];
  expect(decideHandler(manifests, { ...request, method: 'HEAD' }, undefined)?.bundleId).toBe('a');
  expect(decideHandler(manifests, { ...request, method: 'POST' }, undefined)).toBe(undefined);
});
