import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generate } from 'selfsigned';
import { uniqueName } from './unique-name.ts';

export interface Issued {
  readonly cert: string;
  readonly key: string;
  readonly certFile: string;
  readonly keyFile: string;
}

/** Somebody who vouches for servers, with a folder for what he signs. */
export interface Authority {
  readonly cert: string;
  readonly certFile: string;
  /** A certificate for these host names and addresses; of a name that was issued before the files are written anew. */
  issue(...names: readonly [string, ...string[]]): Promise<Issued>;
  remove(): Promise<void>;
}

const EC = { keyType: 'ec', algorithm: 'sha256' } as const;

export const makeAuthority = async (): Promise<Authority> => {
  const dir = await mkdtemp(join(tmpdir(), 'switchyard-authority-'));
  // Postgres' own account passes through here.
  await chmod(dir, 0o755);
  const own = await generate([{ name: 'commonName', value: uniqueName('authority ') }], {
    ...EC,
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, critical: true },
    ],
  });
  const certFile = join(dir, 'authority.crt');
  await writeFile(certFile, own.cert);
  return {
    cert: own.cert,
    certFile,
    issue: async (...names) => {
      const made = await generate([{ name: 'commonName', value: names[0] }], {
        ...EC,
        ca: { cert: own.cert, key: own.private },
        extensions: [
          { name: 'basicConstraints', cA: false, critical: true },
          { name: 'extKeyUsage', serverAuth: true },
          {
            name: 'subjectAltName',
            altNames: names.map((name) =>
              isIP(name) === 0 ? { type: 2, value: name } : { type: 7, ip: name },
            ),
          },
        ],
      });
      const files = { certFile: join(dir, `${names[0]}.crt`), keyFile: join(dir, `${names[0]}.key`) };
      await writeFile(files.certFile, made.cert);
      await writeFile(files.keyFile, made.private, { mode: 0o600 });
      return { cert: made.cert, key: made.private, ...files };
    },
    remove: () => rm(dir, { recursive: true, force: true }),
  };
};
