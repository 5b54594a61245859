import { expect } from 'vitest';
import { echo, proxyTest } from '../proxy-lab.ts';
import { requestOf, sendRaw } from '@switchyard/testkit';

/** What somebody would like to get past the proxy inside of another request. */
const INNER = 'GET /admin/smuggled HTTP/1.1\r\nHost: a\r\n\r\n';
const post = (lines: readonly string[], body: string): string =>
  requestOf(['POST /profile HTTP/1.1', 'Host: a', ...lines], body);
const get = (lines: readonly string[], target = '/profile'): string =>
  requestOf([`GET ${target} HTTP/1.1`, 'Connection: close', ...lines]);

/** Each is refused with 400, and no service sees any of it. */
const REFUSED: Readonly<Record<string, string>> = {
  'CL.TE: length and chunks': post(['Content-Length: 6', 'Transfer-Encoding: chunked'], `0\r\n\r\n${INNER}`),
  'TE.CL: chunks and length': post(
    ['Transfer-Encoding: chunked', 'Content-Length: 4'],
    `5c\r\n${INNER}\r\n0\r\n\r\n`,
  ),
  'TE.TE: a coding that hides': post(
    ['Transfer-Encoding: chunked', 'Transfer-Encoding: x'],
    `0\r\n\r\n${INNER}`,
  ),
  'TE.TE: chunked is not the last': post(['Transfer-Encoding: chunked, identity'], `0\r\n\r\n${INNER}`),
  'a coding before chunked': post(['Transfer-Encoding: gzip, chunked'], `0\r\n\r\n${INNER}`),
  'a coding twice': post(['Transfer-Encoding: chunked, chunked'], `0\r\n\r\n${INNER}`),
  'a coding with a tab before it': post(['Transfer-Encoding:\x0bchunked'], `0\r\n\r\n${INNER}`),
  'a blank before the colon': post(['Transfer-Encoding : chunked'], `0\r\n\r\n${INNER}`),
  'chunks in HTTP/1.0': requestOf(
    ['POST /profile HTTP/1.0', 'Host: a', 'Transfer-Encoding: chunked'],
    `0\r\n\r\n${INNER}`,
  ),
  'two lengths': post(['Content-Length: 0', `Content-Length: ${INNER.length}`], INNER),
  'two equal lengths': post(['Content-Length: 5', 'Content-Length: 5'], 'hello'),
  'lengths in a list': post(['Content-Length: 0, 5'], 'hello'),
  'a length with a sign': post(['Content-Length: +5'], 'hello'),
  'a negative length': post(['Content-Length: -1'], 'hello'),
  'a length in hexadecimal': post(['Content-Length: 0x5'], 'hello'),
  'a length that no number holds': post(['Content-Length: 99999999999999999999999999'], 'hello'),
  'a folded header': get(['Host: a', 'X-A: b\r\n Transfer-Encoding: chunked']),
  'a header folded at the first line': get([' X-A: b', 'Host: a']),
  'a chunk of no size': post(['Transfer-Encoding: chunked'], `\r\n${INNER}`),
  'a chunk of a negative size': post(['Transfer-Encoding: chunked'], `-1\r\n${INNER}`),
  'a chunk size in 0x': post(['Transfer-Encoding: chunked'], `0x1\r\na\r\n0\r\n\r\n`),
  'a chunk size that no number holds': post(['Transfer-Encoding: chunked'], `${'f'.repeat(17)}\r\na\r\n`),
  'a chunk that is longer than it says': post(['Transfer-Encoding: chunked'], `1\r\nab\r\n0\r\n\r\n${INNER}`),
  'a chunk line that ends in LF': post(['Transfer-Encoding: chunked'], `1\na\r\n0\r\n\r\n${INNER}`),
  'LF alone in a name': get(['Host: a', 'X-\nA: b']),
  'CR alone in a name': get(['Host: a', 'X-\rA: b']),
  'CR alone in a value': get(['Host: a', 'X-A: b\rHost: c']),
  'NUL in a name': get(['Host: a', 'X-\0A: b']),
  'NUL in a value': get(['Host: a', 'X-A: b\0c']),
  'a name that is empty': get(['Host: a', ': b']),
  'a line without a colon': get(['Host: a', 'nothing']),
  'no Host': get([]),
  'Host twice': get(['Host: a', 'Host: b']),
  'the same Host twice': get(['Host: a', 'Host: a']),
  'a Host of two': get(['Host: a, b']),
  'a Host with a path': get(['Host: a/admin']),
  'a Host with a user': get(['Host: a@b']),
  'an empty Host': get(['Host:']),
  'an absolute address of another host': get(['Host: a'], 'http://b/admin/smuggled'),
  'an absolute address of the same host': get(['Host: a'], 'http://a/profile'),
  'an address without a slash': get(['Host: a'], 'admin/smuggled'),
  'an address of everything': requestOf(['OPTIONS * HTTP/1.1', 'Host: a', 'Connection: close']),
  'a fragment': get(['Host: a'], '/admin/#/profile'),
  'a path out of another': get(['Host: a'], '/sse/../admin/smuggled'),
  'a path out of another, encoded': get(['Host: a'], '/sse/%2e%2E/admin/smuggled'),
  'a path with a backslash': get(['Host: a'], '/sse\\..\\admin/smuggled'),
  'a blank in the address': get(['Host: a'], '/profile /admin'),
  'a version that is none': requestOf(['GET /profile HTTP/9.9', 'Host: a']),
  'a version of two': requestOf(['PRI * HTTP/2.0', '', 'SM']),
  'a method that is none': requestOf(['G=T /profile HTTP/1.1', 'Host: a']),
};

/** Broken in mid-body: its service has seen the begin of it, and sees it broken off. */
const BEGUN = new Set(['a chunk that is longer than it says']);

proxyTest('what two readers could read differently is refused by the first', async ({ lab }) => {
  const seen: string[] = [];
  const ingress = await lab.upstream((request, response) => {
    seen.push(`${request.method} ${request.url}`);
    response.end('reached');
  });
  const { listener } = await lab.start({
    targets: { ingress: ingress.url, ui: ingress.url, proc: ingress.url },
    // So that one that is taken shows itself soon.
    bodyIdleMs: 300,
    limits: { keepAliveTimeoutMs: 100, headersTimeoutMs: 500 },
  });
  const wrong: Record<string, unknown> = {};
  for (const [name, text] of Object.entries(REFUSED)) {
    seen.length = 0;
    const { statuses, errorTypes } = await sendRaw(listener.port, text);
    const wasKept = seen.length === 0 || (BEGUN.has(name) && seen.join('') === 'POST /profile');
    if (String(statuses) !== '400' || String(errorTypes) !== 'request.invalid' || !wasKept)
      wrong[name] = { statuses, errorTypes, seen: [...seen] };
  }
  expect(wrong).toEqual({});
});

proxyTest('methods that speak to the proxy itself are refused', async ({ lab }) => {
  const ui = await lab.upstream(echo('ui'));
  const { listener } = await lab.start({ targets: { ui: ui.url } });
  for (const method of ['TRACE', 'CONNECT']) {
    const target = method === 'CONNECT' ? 'a:443' : '/';
    const text = requestOf([`${method} ${target} HTTP/1.1`, 'Host: a', 'Connection: close']);
    const { statuses, text: answer } = await sendRaw(listener.port, text);
    expect(answer).not.toContain('"upstream"');
    // CONNECT is closed without a word.
    expect(statuses).toEqual(method === 'CONNECT' ? [] : [405]);
  }
});

proxyTest(
  'what is well made passes as it was made: a body in chunks, two requests in one packet',
  async ({ lab }) => {
    const ingress = await lab.upstream(echo('ingress'));
    const { listener } = await lab.start({ targets: { ingress: ingress.url } });
    const chunked = requestOf(
      ['POST /sse/chat HTTP/1.1', 'Host: a', 'Transfer-Encoding: chunked'],
      '5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nX-Trailer: 1\r\n\r\n',
    );
    const { statuses, text } = await sendRaw(
      listener.port,
      `${chunked}${requestOf(['GET /profile?a=1 HTTP/1.1', 'Host: a', 'Connection: close'])}`,
    );
    expect(statuses).toEqual([200, 200]);
    expect(text).toContain('"size":11');
    expect(text).toContain('/profile?a=1');
  },
);

proxyTest('an upgrade to what is no WebSocket is a request like others', async ({ lab }) => {
  const ingress = await lab.upstream(echo('ingress'));
  const { listener } = await lab.start({ targets: { ingress: ingress.url } });
  const { statuses, text } = await sendRaw(
    listener.port,
    requestOf([
      'GET /profile HTTP/1.1',
      'Host: a',
      'Connection: close, Upgrade, HTTP2-Settings',
      'Upgrade: h2c',
      'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA',
    ]),
  );
  expect(statuses).toEqual([200]);
  expect(text).not.toContain('h2c');
  expect(text).not.toContain('http2-settings');
});

const upgrade = (lines: readonly string[], target = '/socket.io/'): string =>
  requestOf([
    `GET ${target} HTTP/1.1`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ...lines,
  ]);

const UPGRADES: Readonly<Record<string, [string, number]>> = {
  'Host twice': [upgrade(['Host: a', 'Host: b']), 400],
  'an absolute address': [upgrade(['Host: a'], 'http://b/socket.io/'), 400],
  'a path out of another': [upgrade(['Host: a'], '/sites/../socket.io/'), 404],
  'a path out of the platform': [upgrade(['Host: a'], '/socket.io/../admin/'), 400],
  'a site': [upgrade(['Host: a'], '/sites/blog/'), 404],
  'a body in chunks': [
    `${upgrade(['Host: a', 'Transfer-Encoding: chunked'])}5\r\nhello\r\n0\r\n\r\n${INNER}`,
    400,
  ],
  'a body of a length': [`${upgrade(['Host: a', 'Content-Length: 5'])}hello${INNER}`, 400],
  'too many headers': [upgrade(['Host: a', ...Array.from({ length: 120 }, (_, n) => `X-${n}: 1`)]), 431],
};

proxyTest('a WebSocket is held to the same rules', async ({ lab }) => {
  let reached = 0;
  const ingress = await lab.upstream((_request, response) => response.end());
  ingress.server.on('upgrade', (_request, socket) => {
    reached += 1;
    socket.destroy();
  });
  const { listener } = await lab.start({ targets: { ingress: ingress.url, proc: ingress.url } });
  for (const [name, [text, status]] of Object.entries(UPGRADES))
    expect([name, (await sendRaw(listener.port, text)).statuses]).toEqual([name, [status]]);
  expect(reached).toBe(0);
  await sendRaw(listener.port, upgrade(['Host: a']));
  expect(reached).toBe(1);
});
