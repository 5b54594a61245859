import { expect } from 'vitest';
import { echo, proxyTest } from '../proxy-lab.ts';
import { requestOf, sendRaw } from '@switchyard/testkit';

const KIB = 1024;
const head = (lines: readonly string[], target = '/profile', method = 'GET'): string =>
  requestOf([`${method} ${target} HTTP/1.1`, 'Host: a', 'Connection: close', ...lines]);
const many = (count: number): string[] => Array.from({ length: count }, (_, n) => `X-${n}: 1`);

/** What is sent, with the status and type of the refusal. */
const TOO_LARGE: Readonly<Record<string, [string, number, string]>> = {
  'a header of 20 KiB': [head([`X-A: ${'a'.repeat(20 * KIB)}`]), 431, 'request.headers_too_large'],
  'a name of 20 KiB': [head([`${'a'.repeat(20 * KIB)}: 1`]), 431, 'request.headers_too_large'],
  'headers of 20 KiB together': [
    head(many(90).map((line) => `${line}${'a'.repeat(250)}`)),
    431,
    'request.headers_too_large',
  ],
  'an address of 20 KiB': [head([], `/${'a'.repeat(20 * KIB)}`), 431, 'request.headers_too_large'],
  'cookies of 20 KiB': [head([`Cookie: a=${'a'.repeat(20 * KIB)}`]), 431, 'request.headers_too_large'],
  '99 headers more': [head(many(99)), 431, 'request.headers_too_large'],
  '1,500 headers': [head(many(1500)), 431, 'request.headers_too_large'],
  'a length over the limit': [
    head(['Content-Length: 2000000'], '/sse/chat', 'POST'),
    413,
    'request.too_large',
  ],
  'a length far over it': [
    head(['Content-Length: 9007199254740991'], '/sse/chat', 'POST'),
    413,
    'request.too_large',
  ],
  'a chunk that says it is far over it': [
    head(['Transfer-Encoding: chunked'], '/sse/chat', 'POST') + `7fffffff\r\n${'a'.repeat(2000 * KIB)}`,
    413,
    'request.too_large',
  ],
  'extensions of chunks': [
    head(['Transfer-Encoding: chunked'], '/sse/chat', 'POST') + `1;${'a'.repeat(20 * KIB)}\r\na\r\n0\r\n\r\n`,
    413,
    'request.too_large',
  ],
};

proxyTest('what is too large is refused by name before a service has it', async ({ lab }) => {
  let answered = 0;
  const ingress = await lab.upstream((request, response) => {
    request.resume();
    request.once('end', () => {
      answered += 1;
      response.end();
    });
  });
  const { listener } = await lab.start({ targets: { ingress: ingress.url }, maxBodyBytes: KIB });
  for (const [name, [text, status, errorType]] of Object.entries(TOO_LARGE)) {
    const { statuses, errorTypes } = await sendRaw(listener.port, text);
    expect([name, statuses, errorTypes]).toEqual([name, [status], [errorType]]);
  }
  expect(answered).toBe(0);
});

proxyTest('a request at its limits passes', async ({ lab }) => {
  const ingress = await lab.upstream(echo('ingress'));
  const { listener } = await lab.start({ targets: { ingress: ingress.url } });
  // Host and Connection make it a hundred.
  expect((await sendRaw(listener.port, head(many(98)))).statuses).toEqual([200]);
  const long = head([`X-A: ${'a'.repeat(15 * KIB)}`]);
  expect((await sendRaw(listener.port, long)).statuses).toEqual([200]);
});
