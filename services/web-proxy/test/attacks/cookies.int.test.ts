import { askHost } from '@switchyard/testkit';
import { expect } from 'vitest';
import { echo, proxyTest } from '../proxy-lab.ts';
import type { Echoed } from '../proxy-lab.ts';

const TOKENS: Readonly<Record<string, string>> = { mine: 'token-of-mine', evil: 'token-of-evil' };
const unmask = (cookie: string) => Promise.resolve(TOKENS[cookie]);

/** Cookies as a browser would send them after somebody else in the domain has set some, and who the reader is then. */
const TOSSED: readonly [string, string | undefined][] = [
  ['__Secure-LMTC=mine', 'Bearer token-of-mine'],
  // Which of them has the longer path or the other domain is not told: a browser sends both, by age and path.
  ['__Secure-LMTC=mine; __Secure-LMTC=evil', undefined],
  ['__Secure-LMTC=evil; __Secure-LMTC=mine', undefined],
  ['__Secure-LMTC=mine; a=1; __Secure-LMTC=mine', undefined],
  ['__Secure-LMTC=mine; __Secure-LMTC=', undefined],
  ['__Secure-LMTC=mine; __Secure-LMTC', undefined],
  ['__Secure-LMTC=mine;__Secure-LMTC=evil', undefined],
  ['__Secure-LMTC=mine;  __Secure-LMTC =evil', undefined],
  ['__Secure-LMTC=mine;\t__Secure-LMTC\t=evil', undefined],
  // Other names are other cookies.
  ['__secure-lmtc=evil', undefined],
  ['__Secure-LMTC2=evil; __Secure-LMTC=mine', 'Bearer token-of-mine'],
  ['=__Secure-LMTC=evil', undefined],
  ['a=__Secure-LMTC=evil', undefined],
  ['__Secure-LMTC="mine"', undefined],
  ['__Secure-LMTC=%6dine', undefined],
  ['__Secure-LMTC=__proto__', undefined],
  ['__Secure-LMTC=constructor', undefined],
  // A token itself in a cookie from outside is nobody's.
  ['__Secure-LATC=token-of-evil', undefined],
  ['__Secure-LITC=token-of-evil', undefined],
];

proxyTest('a cookie that somebody else may have set signs nobody in', async ({ lab }) => {
  const ingress = await lab.upstream(echo('ingress'));
  const { listener } = await lab.start({
    targets: { ingress: ingress.url },
    unmask: (cookie) => Promise.resolve(Object.hasOwn(TOKENS, cookie) ? TOKENS[cookie] : undefined),
  });
  for (const [cookie, authorization] of TOSSED) {
    const { text, status } = await askHost(listener.port, 'localhost', '/profile', { headers: { cookie } });
    const { headers } = JSON.parse(text) as Echoed;
    expect([cookie, status, headers['authorization']]).toEqual([cookie, 200, authorization]);
    expect(headers['cookie'] ?? '').not.toMatch(/(?:^|;\s*)__Secure-L[MAI]TC\s*(?:=|;|$)/u);
  }
});

const OURS = 'http://localhost';
type Sent = Record<string, string>;

/** `Sec-Fetch-Site` and `Origin` as they come, and whether a request that changes something is our own page's. */
const SENDERS: readonly [Sent, boolean][] = [
  [{ 'sec-fetch-site': 'same-origin' }, true],
  [{ 'sec-fetch-site': 'same-origin', origin: OURS }, true],
  [{ 'sec-fetch-site': 'same-site' }, false],
  [{ 'sec-fetch-site': 'cross-site' }, false],
  [{ 'sec-fetch-site': 'none' }, false],
  [{ 'sec-fetch-site': '' }, false],
  [{ 'sec-fetch-site': 'Same-Origin' }, false],
  [{ 'sec-fetch-site': 'cross-site', origin: OURS }, false],
  [{ origin: OURS }, true],
  [{ origin: 'https://localhost' }, false],
  [{ origin: 'http://localhost:81' }, false],
  [{ origin: 'http://localhost.evil.example' }, false],
  [{ origin: 'http://evil.example' }, false],
  [{ origin: 'http://evil.example#http://localhost' }, false],
  [{ origin: 'http://localhost@evil.example' }, false],
  [{ origin: 'null' }, false],
  [{ origin: '' }, false],
  [{ referer: `${OURS}/` }, false],
  [{}, false],
];
const CHANGING = ['POST', 'PUT', 'PATCH', 'DELETE', 'PROPFIND'];
const READING = ['GET', 'HEAD', 'OPTIONS'];

proxyTest('another site changes nothing in the name of who is signed in', async ({ lab }) => {
  const seen: string[] = [];
  const ingress = await lab.upstream((request, response) => {
    seen.push(request.headers.authorization ?? 'nobody');
    response.end();
  });
  const { listener } = await lab.start({ targets: { ingress: ingress.url }, unmask });
  const ask = async (method: string, headers: Sent) => {
    seen.length = 0;
    const sent = { ...headers, cookie: '__Secure-LMTC=mine' };
    const { status } = await askHost(listener.port, 'localhost', '/sse/chat', { method, headers: sent });
    return { status, as: seen[0] };
  };
  for (const [headers, isOwn] of SENDERS) {
    for (const method of CHANGING)
      expect([method, headers, await ask(method, headers)]).toEqual([
        method,
        headers,
        isOwn ? { status: 200, as: 'Bearer token-of-mine' } : { status: 403, as: undefined },
      ]);
    for (const method of READING) expect((await ask(method, headers)).status).toBe(200);
  }
});

proxyTest('a method that is said to be another is not that other', async ({ lab }) => {
  const ingress = await lab.upstream(echo('ingress'));
  const { listener } = await lab.start({ targets: { ingress: ingress.url }, unmask });
  const { text } = await askHost(listener.port, 'localhost', '/profile', {
    headers: { cookie: '__Secure-LMTC=mine', 'x-http-method-override': 'DELETE', 'x-http-method': 'DELETE' },
  });
  const { method, headers } = JSON.parse(text) as Echoed;
  expect([method, headers['x-http-method-override'], headers['x-http-method']]).toEqual([
    'GET',
    undefined,
    undefined,
  ]);
});
