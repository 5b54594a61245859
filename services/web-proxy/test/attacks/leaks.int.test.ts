import { createLog } from '@switchyard/telemetry';
import { PlatformError } from '@switchyard/kernel';
import { askHost, requestOf, sendRaw } from '@switchyard/testkit';
import { expect } from 'vitest';
import { echo, proxyTest } from '../proxy-lab.ts';

const keepLines = () => {
  const lines: string[] = [];
  const log = createLog({
    service: 'web-proxy',
    level: 'debug',
    destination: { write: (line: string) => void lines.push(line) },
  });
  return { lines, log };
};

/** Would begin a line of its own, colour a terminal, or end a field. */
const INJECTED = [
  '/a%0a{"level":"error","message":"forged"}',
  '/a%0d%0aforged',
  '/a","level":"error","message":"forged',
  '/a%e2%80%a8forged',
  '/a%1b[31mforged',
  "/a'forged",
];

proxyTest('a line of the log is one line, whatever a request is called', async ({ lab }) => {
  const { lines, log } = keepLines();
  const ui = await lab.upstream(echo('ui'));
  const { listener } = await lab.start({ targets: { ui: ui.url }, log });
  for (const path of INJECTED)
    await sendRaw(
      listener.port,
      requestOf([
        `GET ${path.replaceAll(' ', '%20')} HTTP/1.1`,
        'Host: a',
        'X-Request-ID: forged","level":"error',
        'User-Agent: forged","level":"error',
        'Connection: close',
      ]),
    );
  await expect.poll(() => lines.length).toBe(INJECTED.length);
  for (const line of lines) {
    for (const character of ['\n', '\r', '\x1b', '\u2028']) expect(line.trimEnd()).not.toContain(character);
    expect(JSON.parse(line)).toMatchObject({ level: 'info', request_id: 'made-here' });
  }
});

const SECRET = 'canary-4711';

proxyTest('no secret of a request comes into the log', async ({ lab }) => {
  const { lines, log } = keepLines();
  const ingress = await lab.upstream(echo('ingress'));
  const { listener } = await lab.start({
    targets: { ingress: ingress.url },
    log,
    unmask: (cookie) => Promise.resolve(`${cookie}-token`),
  });
  const cookie = `__Secure-LMTC=${SECRET}; other=${SECRET}`;
  const ask = (path: string, headers: Record<string, string>, method = 'GET') =>
    askHost(listener.port, 'localhost', path, { headers, method });
  await ask(`/sse/stream?bearer_token=${SECRET}&stream_ticket=${SECRET}`, {});
  await ask('/profile', { cookie });
  await ask('/profile', { authorization: `Bearer ${SECRET}`, 'x-id-token': SECRET });
  await ask('/sse/chat', { cookie, origin: 'http://evil.example' }, 'POST');
  await ask(`/api/integrations/widgets/~${SECRET}/index.html`, {});
  await sendRaw(
    listener.port,
    requestOf([
      `GET /socket.io/?bearer_token=${SECRET} HTTP/1.1`,
      'Host: a',
      'Connection: Upgrade',
      'Upgrade: websocket',
      `Cookie: ${cookie}`,
    ]),
  );
  await sendRaw(listener.port, `GET /profile HTTP/1.1\r\nHost: a\r\n${SECRET}\r\n\r\n`);
  await expect.poll(() => lines.length).toBeGreaterThanOrEqual(6);
  expect(lines.join('')).not.toContain(SECRET);
});

/** Nothing of how it is made: no address, no stack, no file, no name of a library. */
const INSIDE =
  /127\.0\.0\.1|localhost:\d|ECONN|ENOTFOUND|\bat [\w.<]+ \(|node:|\.ts\b|node_modules|http-proxy|express|redis/iu;

proxyTest('an error says what happened and nothing of the inside', async ({ lab }) => {
  const silent = await lab.upstream(() => {});
  const broken = await lab.upstream((request) => request.socket.end('this is no HTTP\r\n\r\n'));
  const { listener } = await lab.start({
    targets: { ui: silent.url, proc: broken.url },
    idleTimeoutMs: 1000,
    unmask: (cookie) =>
      Promise.reject(
        cookie === 'busy'
          ? PlatformError.of('UNAVAILABLE')
          : new TypeError('cannot read 127.0.0.1:6379 at node:net'),
      ),
  });
  const get = (path: string, lines: readonly string[] = []) =>
    requestOf([`GET ${path} HTTP/1.1`, 'Host: a', 'Connection: close', ...lines]);
  const cases: readonly [string, number][] = [
    [get('/profile'), 503],
    [get('/'), 504],
    [get('/api/integrations/bundles'), 503],
    [get('/auth/session'), 404],
    [get('/profile', ['Cookie: __Secure-LMTC=busy']), 503],
    [get('/profile', ['Cookie: __Secure-LMTC=other']), 500],
    [get('/a/../b'), 400],
    ['nonsense\r\n\r\n', 400],
    [get('/socket.io/', ['Connection: Upgrade', 'Upgrade: websocket']), 503],
  ];
  for (const [text, status] of cases) {
    const answer = await sendRaw(listener.port, text);
    expect([text, answer.statuses]).toEqual([text, [status]]);
    expect(answer.text).not.toMatch(INSIDE);
    expect(answer.text).not.toMatch(/^(?:server|x-powered-by):/imu);
  }
});
