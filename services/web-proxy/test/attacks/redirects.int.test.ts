import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { createHttpsRedirect } from '../../src/redirect-to-https.ts';
import { requestOf, sendRaw } from '@switchyard/testkit';

const OURS = new Set(['chat.example.com', '127.0.0.1']);

const startRedirect = async (publicOrigin?: string, httpsPort = 443): Promise<number> => {
  const handle = createHttpsRedirect({
    isOurs: (name) => OURS.has(name),
    publicOrigin,
    httpsPort,
    headLimits: { maxHeaders: 100 },
  });
  const server = createServer(handle);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => new Promise<void>((resolve) => server.close(() => resolve())));
  return (server.address() as AddressInfo).port;
};

const ask = async (port: number, host: string, target: string, method = 'GET') => {
  const { statuses, text } = await sendRaw(
    port,
    requestOf([`${method} ${target} HTTP/1.1`, `Host: ${host}`]),
  );
  return { status: statuses[0], to: /^location: (.*)\r$/imu.exec(text)?.[1] };
};

const TARGETS: readonly [string, string, string | undefined][] = [
  ['chat.example.com', '/a?b=c', 'https://chat.example.com/a?b=c'],
  ['CHAT.example.com:80', '/', 'https://chat.example.com/'],
  // Still the same host, whatever the path looks like.
  ['chat.example.com', '//evil.example/', 'https://chat.example.com//evil.example/'],
  ['chat.example.com', '/\\evil.example', 'https://chat.example.com/\\evil.example'],
  ['chat.example.com', '/@evil.example', 'https://chat.example.com/@evil.example'],
  [
    'chat.example.com',
    '/%0d%0aLocation:%20http://evil.example',
    'https://chat.example.com/%0d%0aLocation:%20http://evil.example',
  ],
  ['evil.example', '/', undefined],
  ['chat.example.com.evil.example', '/', undefined],
  ['chat.example.com@evil.example', '/', undefined],
  ['evil.example#chat.example.com', '/', undefined],
  ['chat.example.com', 'http://evil.example/', undefined],
  ['chat.example.com', '*', undefined],
];

test('nobody is sent to a host that is not ours', async () => {
  const port = await startRedirect();
  for (const [host, target, to] of TARGETS)
    expect([host, target, await ask(port, host, target)]).toEqual([
      host,
      target,
      { status: to === undefined ? 400 : 308, to },
    ]);
});

test('what was sent in clear is not made to work', async () => {
  const port = await startRedirect();
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])
    expect(await ask(port, 'chat.example.com', '/sse/chat', method)).toEqual({ status: 400, to: undefined });
});

test('the port is the one that browsers know', async () => {
  const other = await startRedirect(undefined, 8443);
  expect((await ask(other, 'chat.example.com', '/a')).to).toBe('https://chat.example.com:8443/a');
  const known = await startRedirect('https://www.example.com:9443', 8443);
  expect((await ask(known, 'chat.example.com', '/a')).to).toBe('https://chat.example.com:9443/a');
  expect((await ask(known, 'evil.example', '/a')).to).toBe('https://www.example.com:9443/a');
  const clear = await startRedirect('http://www.example.com', 443);
  expect((await ask(clear, 'evil.example', '/a')).status).toBe(400);
});
