import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { generate } from 'selfsigned';

export interface MadeCertificate {
  readonly cert: string;
  readonly key: string;
}

/** A certificate for these host names, signed by itself. */
export const makeCertificate = async (
  names: readonly string[],
  { days = 30 }: { days?: number } = {},
): Promise<MadeCertificate> => {
  const until = new Date();
  until.setDate(until.getDate() + days);
  const made = await generate([{ name: 'commonName', value: names[0] ?? '' }], {
    keyType: 'ec',
    notAfterDate: until,
    extensions: [{ name: 'subjectAltName', altNames: names.map((value) => ({ type: 2, value })) }],
  });
  return { cert: made.cert, key: made.private };
};

/** A folder for certificates that goes away with what it is used for. */
export const openCertificateFolder = async () => {
  const dir = await mkdtemp(path.join(tmpdir(), 'switchyard-tls-'));
  return {
    dir,
    /** Writes `name.crt` and `name.key`, or any other two. */
    put: async (
      name: string,
      { cert, key }: MadeCertificate,
      files: { cert: string; key: string } = { cert: `${name}.crt`, key: `${name}.key` },
    ) => {
      const at = { cert: path.join(dir, files.cert), key: path.join(dir, files.key) };
      await mkdir(path.dirname(at.cert), { recursive: true });
      await Promise.all([writeFile(at.cert, cert), writeFile(at.key, key)]);
      return at;
    },
    remove: () => rm(dir, { recursive: true }),
  };
};
