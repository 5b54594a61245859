import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { makeAuthority, startTlsRedis } from '@switchyard/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { connectRedis } from './redis-connection.ts';

const connect = (url: string) =>
  connectRedis({ url, name: 'tls-test', kind: 'commands', connectLimitMs: 3_000 });

/** What `NODE_EXTRA_CA_CERTS` does to a process. */
function trust(...authorities: readonly string[]): void {
  const known = getCACertificates('default');
  onTestFinished(() => setDefaultCACertificates(known));
  setDefaultCACertificates([...known, ...authorities]);
}

test('rediss: commands go to a server that somebody vouches for under the name that was asked for', async () => {
  const [authority, stranger] = [await makeAuthority(), await makeAuthority()];
  const [named, elsewhere] = [
    await startTlsRedis(await authority.issue('localhost')),
    await startTlsRedis(await authority.issue('another-redis')),
  ];
  onTestFinished(async () => {
    await Promise.all([named.stop(), elsewhere.stop()]);
    await Promise.all([authority.remove(), stranger.remove()]);
  });
  trust(stranger.cert);
  await expect(connect(named.url)).rejects.toThrow(/unable to verify|self-signed/u);
  trust(authority.cert);
  const connection = await connect(named.url);
  await connection.driver.set('over', 'tls');
  expect(await connection.driver.get('over')).toBe('tls');
  await connection.close();
  await Promise.all([
    expect(connect(elsewhere.url)).rejects.toThrow(/altnames|Hostname/u),
    // The port speaks nothing else.
    expect(connect(named.url.replace('rediss:', 'redis:'))).rejects.toMatchObject({ code: 'UNAVAILABLE' }),
  ]);
});
