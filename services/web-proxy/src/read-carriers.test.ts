import { expect, test } from 'vitest';
import { DEFAULT_CARRIERS, takeMaskedCookie } from './read-carriers.ts';

const take = (headers: Record<string, string>, method = 'GET', url = '/profile') =>
  takeMaskedCookie(headers, { method, url }, DEFAULT_CARRIERS);

test('the masked cookie is taken out and answered, others stay', () => {
  const headers = { cookie: 'theme=dark; __Secure-LMTC=abc; __Secure-SYAN=anon' };
  expect(take(headers)).toBe('abc');
  expect(headers.cookie).toBe('theme=dark; __Secure-SYAN=anon');
});

test('token cookies from outside are dropped', () => {
  const headers: { cookie?: string } = { cookie: '__Secure-LATC=jwt; __Secure-LITC=jwt' };
  expect(take(headers as Record<string, string>)).toBeUndefined();
  expect(headers.cookie).toBeUndefined();
});

test('token cookies pass where config says so', () => {
  const headers = { cookie: '__Secure-LATC=jwt' };
  takeMaskedCookie(
    headers,
    { method: 'GET', url: '/' },
    { ...DEFAULT_CARRIERS, areTokenCookiesAccepted: true },
  );
  expect(headers.cookie).toBe('__Secure-LATC=jwt');
});

test.each([
  ['an authorization header', { authorization: 'Bearer x' }, 'GET', '/profile'],
  ['a token in the query', {}, 'GET', '/sse/stream?bearer_token=x'],
  ['a ticket in the query', {}, 'GET', '/sse/stream?stream_ticket=x'],
  ['a preflight', {}, 'OPTIONS', '/profile'],
  ['a webhook', {}, 'POST', '/api/integrations/bundles/demo/main/shop/public/paid'],
])('%s is not unmasked, and the cookie goes no further', (_name, extra, method, url) => {
  const headers: Record<string, string> = { cookie: '__Secure-LMTC=abc', ...extra };
  expect(take(headers, method, url)).toBeUndefined();
  expect(headers['cookie']).toBeUndefined();
});

test('two cookies of one name: a neighbour has set one, and neither counts', () => {
  for (const cookie of [
    '__Secure-LMTC=mine; __Secure-LMTC=his',
    '__Secure-LMTC=his;a=b;  __Secure-LMTC =mine',
  ]) {
    const headers = { cookie };
    expect(take(headers)).toBeUndefined();
    expect(headers.cookie ?? '').not.toContain('LMTC');
  }
  const headers = { cookie: 'x__Secure-LMTC=his; __Secure-LMTC=mine' };
  expect(take(headers)).toBe('mine');
});
