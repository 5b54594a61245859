import { expect, test } from 'vitest';
import { createAllowedOutbound } from './allowed-outbound.ts';

const get = (url: string, httpAllowedHosts: string[]) => {
  const outbound = createAllowedOutbound({ httpAllowedHosts, httpPrivateHosts: [] });
  const { signal } = new AbortController();
  return outbound.send(new URL(url), { method: 'GET', signal }).finally(() => outbound.close());
};

test('a file is not fetched from where the operator lets no bundle go', async () => {
  await expect(get('https://elsewhere.example/file', ['files.example'])).rejects.toThrow(
    'the operator does not allow elsewhere.example',
  );
});

test('nor from an address that is not public, whatever is allowed', async () => {
  await expect(get('http://127.0.0.1:9/file', ['*'])).rejects.toThrow('127.0.0.1 is no public address');
});
