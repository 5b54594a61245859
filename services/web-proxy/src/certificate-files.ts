import { readFile, readdir, stat } from 'node:fs/promises';
import path from 'node:path';

/** A certificate chain and its key, and where they were read. */
export interface Pem {
  readonly file: string;
  readonly cert: string;
  readonly key: string;
}

export interface CertificateSources {
  /** The certificate for who names no host. Undefined: the first of the folder. */
  readonly files: { readonly cert: string; readonly key: string } | undefined;
  /** Undefined: there are no others. */
  readonly dir: string | undefined;
}

/** As certbot, Kubernetes and others lay them down, each in a folder of its own. */
const IN_FOLDER = [
  { cert: 'fullchain.pem', key: 'privkey.pem' },
  { cert: 'tls.crt', key: 'tls.key' },
];
/** Side by side: `name.crt` or `name.pem` with `name.key`. */
const BESIDE = /^(.+)\.(?:crt|pem)$/u;

const isThere = (file: string): Promise<boolean> =>
  stat(file).then(
    (found) => found.isFile(),
    () => false,
  );

const pairsIn = async (dir: string): Promise<{ cert: string; key: string }[]> => {
  const pairs: { cert: string; key: string }[] = [];
  for (const name of (await readdir(dir)).toSorted()) {
    // Kubernetes keeps the versions of a mounted secret in hidden folders, and links to them by name.
    if (name.startsWith('.')) continue;
    const base = BESIDE.exec(name)?.[1];
    const candidates = [
      ...IN_FOLDER.map(({ cert, key }) => ({ cert: path.join(name, cert), key: path.join(name, key) })),
      ...IN_FOLDER.filter(({ cert }) => cert === name),
      ...(base === undefined ? [] : [{ cert: name, key: `${base}.key` }]),
    ].map(({ cert, key }) => ({ cert: path.join(dir, cert), key: path.join(dir, key) }));
    for (const pair of candidates)
      if ((await isThere(pair.cert)) && (await isThere(pair.key))) {
        pairs.push(pair);
        break;
      }
  }
  return pairs;
};

const readPem = async ({ cert, key }: { cert: string; key: string }): Promise<Pem> => {
  const [chain, secret] = await Promise.all([readFile(cert, 'utf8'), readFile(key, 'utf8')]);
  return { file: cert, cert: chain, key: secret };
};

/** Reads what there is now, the one for who names no host first. Rejects when a file or the folder cannot be read. */
export const findPairs = async ({ files, dir }: CertificateSources): Promise<Pem[]> => {
  const others = dir === undefined ? [] : await pairsIn(dir);
  return Promise.all([...(files === undefined ? [] : [files]), ...others].map(readPem));
};
