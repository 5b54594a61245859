import { X509Certificate, createPrivateKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { PlatformError, text } from '@switchyard/kernel';
import type { Scope } from '@switchyard/kernel';

/** For every service that others of the stack call. */
export const serverCertificateSettings = {
  internalCertFile: text('').describe(
    'Certificate chain (PEM) with which this service answers the others; with it and a key HTTPS is spoken and nothing else; read again when it changes',
  ),
  internalKeyFile: text('').describe('Private key (PEM) of that certificate'),
};

interface ServerPem {
  readonly cert: string;
  readonly key: string;
  readonly minVersion: 'TLSv1.2';
}

/** What a server shows to whoever connects; a new one is shown to those who come after it. */
export interface ServerCertificate {
  current(): ServerPem;
  onChange(listener: (pem: ServerPem) => void): void;
}

export interface ServerCertificateParts {
  readonly config: { readonly internalCertFile: string; readonly internalKeyFile: string };
  /** Of the service, for its errors. */
  readonly name: string;
  readonly scope: Scope;
  readonly log: {
    info(message: string): void;
    error(message: string, fields: Record<string, unknown>): void;
  };
  readonly lookEveryMs?: number;
}

/** Files have no way of telling that they have changed. */
const LOOK_EVERY_MS = 10_000;

/** Undefined: plain HTTP. Throws CONFIG for files that cannot be used; later ones that cannot change nothing and are logged. */
export async function openServerCertificate(
  parts: ServerCertificateParts,
): Promise<ServerCertificate | undefined> {
  const { config, name, scope, log, lookEveryMs = LOOK_EVERY_MS } = parts;
  const { internalCertFile: cert, internalKeyFile: key } = config;
  if ((cert === '') !== (key === ''))
    throw PlatformError.of('CONFIG', `${name}: INTERNAL_CERT_FILE and INTERNAL_KEY_FILE belong together`);
  if (cert === '') return undefined;
  let pem = await readPem(name, cert, key);
  const listeners: ((pem: ServerPem) => void)[] = [];
  const look = async (): Promise<void> => {
    try {
      const found = await readPem(name, cert, key);
      if (found.cert === pem.cert && found.key === pem.key) return;
      pem = found;
      for (const listener of listeners) listener(pem);
      log.info('the certificate was read again');
    } catch (error) {
      log.error('the new certificate cannot be used, the old one stays', { error });
    }
  };
  const timer = setInterval(() => void look(), lookEveryMs);
  timer.unref();
  scope.defer(() => clearInterval(timer));
  return { current: () => pem, onChange: (listener) => void listeners.push(listener) };
}

async function readPem(name: string, certFile: string, keyFile: string): Promise<ServerPem> {
  try {
    const [cert, key] = await Promise.all([readFile(certFile, 'utf8'), readFile(keyFile, 'utf8')]);
    if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key)))
      throw new Error('the key is not the one of the certificate');
    return { cert, key, minVersion: 'TLSv1.2' };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw PlatformError.of('CONFIG', `${name}: ${certFile} cannot be used: ${why}`, { cause: error });
  }
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/gu;

/** The certificates (PEM) of whoever vouches for the other services, one or several in the file. Throws CONFIG naming the setting. */
export async function readAuthorities(name: string, setting: string, file: string): Promise<string[]> {
  try {
    const pems = (await readFile(file, 'utf8')).match(CERTIFICATE) ?? [];
    if (pems.length === 0) throw new Error('there is no certificate in it');
    for (const pem of pems) void new X509Certificate(pem);
    return [...pems];
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw PlatformError.of('CONFIG', `${name}: ${setting} cannot be used: ${why}`, { cause: error });
  }
}
