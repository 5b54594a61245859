import { makeAuthority, startTlsPostgres } from '@switchyard/testkit';
import { expect, onTestFinished, test } from 'vitest';
import { migrate } from './migrate.ts';
import { openStore } from './open-store.ts';

test('sslmode=verify-full: statements go to a server that the authority vouches for under its name', async () => {
  const [authority, stranger] = [await makeAuthority(), await makeAuthority()];
  const server = await startTlsPostgres(await authority.issue('localhost'));
  onTestFinished(async () => {
    await server.stop();
    await Promise.all([authority.remove(), stranger.remove()]);
  });
  const open = (url: string) => openStore({ url, poolSize: 1, applicationName: 'tls-test' });
  const verified = (file: string) =>
    `${server.url}?sslmode=verify-full&sslrootcert=${encodeURIComponent(file)}`;
  const url = verified(authority.certFile);
  expect(await migrate(url)).not.toEqual([]);
  const store = await open(url);
  const rows = await store.sql.query<{ ssl: boolean; version: string }>({
    text: 'select ssl, version from pg_stat_ssl where pid = pg_backend_pid()',
  });
  expect(rows[0]).toEqual({ ssl: true, version: expect.stringMatching(/^TLSv1\.[23]$/u) });
  await store.close();
  await expect(open(verified(stranger.certFile))).rejects.toThrow(/unable to verify|self-signed/u);
  await expect(open(`${server.url}?sslmode=verify-full`)).rejects.toThrow(/unable to verify|self-signed/u);
  // The same server by a name that its certificate does not bear.
  await expect(open(url.replace('localhost', '127.0.0.1'))).rejects.toThrow(/altnames|does not match/u);
});
