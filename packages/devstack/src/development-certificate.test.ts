import { X509Certificate, createPrivateKey } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { ensureDevelopmentCertificate, namesOfMachine } from './development-certificate.ts';

const DAY_MS = 86_400_000;
const names = namesOfMachine('Laptop-of-Ann');

const inFolder = test.extend<{ dir: string }>({
  dir: async ({ task: _task }, use) => {
    const dir = await mkdtemp(path.join(tmpdir(), 'switchyard-tls-'));
    await use(path.join(dir, 'tls'));
    await rm(dir, { recursive: true });
  },
});

const modeOf = async (file: string): Promise<string> => ((await stat(file)).mode & 0o777).toString(8);

inFolder(
  'it bears the names of this machine, is nobody else’s to read and signs for nobody',
  async ({ dir }) => {
    const { cert, key } = await ensureDevelopmentCertificate(dir, { names, now: Date.now() });
    const certificate = new X509Certificate(await readFile(cert));
    for (const name of ['localhost', 'laptop-of-ann'])
      expect([name, certificate.checkHost(name)]).not.toEqual([name, undefined]);
    for (const address of ['127.0.0.1', '::1'])
      expect([address, certificate.checkIP(address)]).toEqual([address, address]);
    expect(certificate.checkHost('example.com')).toBeUndefined();
    expect(certificate.ca).toBe(false);
    expect(certificate.checkPrivateKey(createPrivateKey(await readFile(key)))).toBe(true);
    expect([await modeOf(dir), await modeOf(key), await modeOf(cert)]).toEqual(['700', '600', '600']);
  },
);

inFolder(
  'it stays as long as it is good, and is made anew before it ends or when a name is missing',
  async ({ dir }) => {
    const now = Date.now();
    const read = async (at: number, wanted = names): Promise<string> =>
      readFile((await ensureDevelopmentCertificate(dir, { names: wanted, now: at })).cert, 'utf8');
    const first = await read(now);
    expect(await read(now + 300 * DAY_MS)).toBe(first);
    const renewed = await read(now + 370 * DAY_MS);
    expect(renewed).not.toBe(first);
    expect(new X509Certificate(renewed).validToDate.getTime()).toBeGreaterThan(now + 700 * DAY_MS);
    const moved = await read(now + 370 * DAY_MS, namesOfMachine('desktop'));
    expect(new X509Certificate(moved).checkHost('desktop')).toBe('desktop');
    await writeFile(path.join(dir, 'development.crt'), 'half');
    expect(new X509Certificate(await read(now)).checkHost('localhost')).toBe('localhost');
  },
);

inFolder('who trusts this one certificate may ask under its names', async ({ dir }) => {
  const files = await ensureDevelopmentCertificate(dir, { names, now: Date.now() });
  const [cert, key] = [await readFile(files.cert), await readFile(files.key)];
  const server = createServer({ cert, key }, (_request, response) => response.end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const ask = (servername: string, ca?: Buffer): Promise<number | undefined | string> =>
    new Promise((resolve) => {
      const asked = request({
        port,
        host: '127.0.0.1',
        servername,
        agent: false,
        ...(ca === undefined ? {} : { ca }),
      });
      asked.once('response', (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      });
      asked.once('error', (error: NodeJS.ErrnoException) => resolve(error.code));
      asked.end();
    });
  expect(await ask('localhost', cert)).toBe(200);
  expect(await ask('laptop-of-ann', cert)).toBe(200);
  expect(await ask('example.com', cert)).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
  expect(await ask('localhost')).toBe('DEPTH_ZERO_SELF_SIGNED_CERT');
  await new Promise<void>((resolve) => server.close(() => resolve()));
});
