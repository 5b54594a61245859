import { chmod, chown, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  ensureDatabaseUser,
  freePort,
  startPostgresServer,
  startRedisServer,
  startWarden,
} from '@switchyard/devstack';
import type { Issued } from './make-authority.ts';
import { redisProgram } from './redis-program.ts';

export interface TlsStore {
  /** On `localhost`; nothing is answered without TLS. */
  readonly url: string;
  stop(): Promise<void>;
}

/** A Redis that speaks TLS alone, with this certificate. */
export const startTlsRedis = async ({ certFile, keyFile }: Issued): Promise<TlsStore> => {
  const dir = await mkdtemp(join(tmpdir(), 'switchyard-tls-redis-'));
  const warden = startWarden();
  const port = await freePort();
  const settings = [
    `tls-port ${port}`,
    `tls-cert-file ${certFile}`,
    `tls-key-file ${keyFile}`,
    'tls-auth-clients no',
  ];
  const server = await startRedisServer({ ...redisProgram(), dir, port: 0, settings, warden });
  const stop = async (): Promise<void> => {
    await server.stop();
    await warden.release();
    await rm(dir, { recursive: true, force: true });
  };
  return { url: `rediss://localhost:${port}`, stop };
};

/** A Postgres that has this certificate. The files become those of the account that it runs under. */
export const startTlsPostgres = async ({ certFile, keyFile }: Issued): Promise<TlsStore> => {
  const dir = await mkdtemp(join(tmpdir(), 'switchyard-tls-postgres-'));
  await chmod(dir, 0o755);
  const user = ensureDatabaseUser();
  if (user !== undefined) await chown(keyFile, user.uid, user.gid);
  const warden = startWarden();
  const server = await startPostgresServer({
    dir: join(dir, 'postgres'),
    port: await freePort(),
    password: 'test',
    unsafeFast: true,
    settings: ['ssl=on', `ssl_cert_file=${certFile}`, `ssl_key_file=${keyFile}`],
    warden,
  });
  const stop = async (): Promise<void> => {
    await server.stop();
    await warden.release();
    await rm(dir, { recursive: true, force: true });
  };
  return { url: server.url().replace('127.0.0.1', 'localhost'), stop };
};
