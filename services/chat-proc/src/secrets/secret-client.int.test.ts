import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { Scope, Secret } from '@switchyard/kernel';
import { makeAuthority } from '@switchyard/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { startSecrets } from '../../test/start-secrets.ts';
import { createSecretClient } from './secret-client.ts';

const AT = { tenant: 'demo', project: 'main' };

async function setUp() {
  const [authority, stranger, scope] = [await makeAuthority(), await makeAuthority(), new Scope()];
  onTestFinished(async () => {
    await scope.close();
    await authority.remove();
    await stranger.remove();
  });
  return { authority, stranger, scope };
}

test('secrets travel over HTTPS to the service that the authority vouches for', async () => {
  const { authority, scope } = await setUp();
  const { secretsUrl, secretsToken } = await startSecrets(scope, AT, await authority.issue('localhost'));
  expect(secretsUrl).toMatch(/^https:/u);
  const client = createSecretClient({
    url: secretsUrl,
    token: new Secret(secretsToken),
    authorities: [authority.cert],
    scope: AT,
  });
  await client.set('hello', 'key', 'ä secret');
  expect(await client.read('hello', 'key')).toBe('ä secret');
  expect(await client.read('hello', 'other')).toBeUndefined();
  expect(await client.names('hello')).toEqual(['key']);
  expect([await client.unset('hello', 'key'), await client.unset('hello', 'key')]).toEqual([true, false]);
  // Nobody who only listens in: the port speaks nothing else.
  const plain = createSecretClient({
    url: secretsUrl.replace('https:', 'http:'),
    token: new Secret(secretsToken),
    scope: AT,
  });
  await expect(plain.read('hello', 'key')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
});

test('one that nobody vouches for, or that has another name, gets no token', async () => {
  const { authority, stranger, scope } = await setUp();
  const asked: unknown[] = [];
  const listenAs = async (...names: readonly [string, ...string[]]): Promise<string> => {
    const { cert, key } = await authority.issue(...names);
    const server = createServer({ cert, key }, (request, response) => {
      asked.push(request.headers.authorization);
      response.end('{"value":"not yours"}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    scope.defer(async () => void server.close());
    return `https://localhost:${(server.address() as AddressInfo).port}`;
  };
  const read = (url: string, authorities?: readonly string[]) =>
    createSecretClient({ url, token: new Secret('a-token'), authorities, scope: AT }).read('hello', 'key');
  const good = await listenAs('localhost');
  const elsewhere = await listenAs('chat-proc');
  for (const [url, authorities] of [
    [good, [stranger.cert]],
    [good, undefined],
    [elsewhere, [authority.cert]],
  ] as const)
    await expect(read(url, authorities)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  // Whom Node trusts vouches for nobody where it is said who does.
  const former = getCACertificates('default');
  onTestFinished(() => setDefaultCACertificates(former));
  setDefaultCACertificates([...former, authority.cert]);
  await expect(read(good, [stranger.cert])).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  expect(asked).toEqual([]);
  expect(await read(good, [authority.cert])).toBe('not yours');
  expect(asked).toEqual(['Bearer a-token']);
});
