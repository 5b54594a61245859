import { expect, test } from 'vitest';
import { decideRoute, pathOf } from './route-table.ts';

test.each([
  ['/sse/stream', 'ingress'],
  ['/sse/chat', 'ingress'],
  ['/api/chat/messages', 'ingress'],
  ['/api/cb/conversations/demo/main', 'ingress'],
  ['/socket.io', 'ingress'],
  ['/socket.io/', 'ingress'],
  ['/cb/socket.io/', 'ingress'],
  ['/profile', 'ingress'],
  ['/api/cp-frontend-config', 'ingress'],
  ['/api/platform/logout', 'ingress'],
  ['/api/auth/redeem', 'ingress'],
  ['/.well-known/jwks.json', 'ingress'],
  ['/admin/lanes', 'ingress'],
  ['/admin/integrations', 'proc'],
  ['/admin/integrations/bundles', 'proc'],
  ['/admin/integrationsx', 'ingress'],
  ['/api/integrations/bundles', 'proc'],
  ['/procedures', 'proc'],
  ['/procedures/one/cancel', 'proc'],
  ['/proceduresx', 'ui'],
  ['/sites/docs/index.html', 'proc'],
  ['/site-root/a', 'proc'],
  ['/auth/session', 'login'],
  ['/', 'ui'],
  ['/profiles', 'ui'],
  ['/assets/app.js', 'ui'],
  ['/api/unknown', 'ui'],
  ['/.well-known/other', 'ui'],
] as const)('%s goes to %s', (path, upstream) => {
  expect(decideRoute(path).to).toBe(upstream);
});

test('the query is not part of the path', () => {
  expect(pathOf('/sse/stream?stream_id=/profile')).toBe('/sse/stream');
});
