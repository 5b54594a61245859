import { X509Certificate } from 'node:crypto';
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import path from 'node:path';
import { generate } from 'selfsigned';

/** Where a certificate and its key lie. */
export interface CertificateFiles {
  readonly cert: string;
  readonly key: string;
}

const DAY_MS = 86_400_000;
/** Browsers take no longer one from anybody. */
const VALID_MS = 397 * DAY_MS;
const RENEWED_BEFORE_MS = 30 * DAY_MS;

/**
 * Under which this machine is asked from itself and its network. Sites below `localhost` are not among them: no client takes a `*` with one
 * name behind it.
 */
export const namesOfMachine = (hostname: string): string[] => [
  ...new Set(['localhost', '127.0.0.1', '::1', hostname.toLowerCase()]),
];

/** Undefined: there is none, or one that cannot be read. */
const readCertificate = async (file: string): Promise<X509Certificate | undefined> => {
  try {
    return new X509Certificate(await readFile(file));
  } catch {
    return undefined;
  }
};

const bears = (certificate: X509Certificate, name: string): boolean =>
  (isIP(name) === 0 ? certificate.checkHost(name) : certificate.checkIP(name)) !== undefined;

const isGood = async (
  { cert, key }: CertificateFiles,
  names: readonly string[],
  now: number,
): Promise<boolean> => {
  const certificate = await readCertificate(cert);
  const hasKey = await readFile(key).then(
    () => true,
    () => false,
  );
  return (
    certificate !== undefined &&
    hasKey &&
    certificate.validToDate.getTime() - now > RENEWED_BEFORE_MS &&
    names.every((name) => bears(certificate, name))
  );
};

const make = async (names: readonly string[], now: number) => {
  // It speaks for these names alone: whoever gets its key can make no other that a browser would trust because of this one.
  const made = await generate([{ name: 'commonName', value: 'Switchyard development' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    notBeforeDate: new Date(now - DAY_MS),
    notAfterDate: new Date(now - DAY_MS + VALID_MS),
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: names.map((name) => (isIP(name) === 0 ? { type: 2, value: name } : { type: 7, ip: name })),
      },
    ],
  });
  return { cert: made.cert, key: made.private };
};

/** Written beside and renamed, so that nobody reads half of it. */
const put = async (file: string, text: string): Promise<void> => {
  await writeFile(`${file}.partial`, text, { mode: 0o600 });
  await rename(`${file}.partial`, file);
};

/**
 * The certificate of a stack on a machine of its own, signed by itself: made at the first call, and anew when it ends within 30 days or does
 * not bear one of the names. Both files are their owner's alone.
 */
export const ensureDevelopmentCertificate = async (
  dir: string,
  { names, now }: { names: readonly string[]; now: number },
): Promise<CertificateFiles> => {
  const files = { cert: path.join(dir, 'development.crt'), key: path.join(dir, 'development.key') };
  await mkdir(dir, { recursive: true, mode: 0o700 });
  await chmod(dir, 0o700);
  if (await isGood(files, names, now)) return files;
  const { cert, key } = await make(names, now);
  await put(files.key, key);
  await put(files.cert, cert);
  return files;
};
