import { X509Certificate, createHash, createPrivateKey } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import type { SecureContext } from 'node:tls';
import { PlatformError } from '@switchyard/kernel';
import type { Log } from '@switchyard/telemetry';
import { findPairs } from './certificate-files.ts';
import type { CertificateSources, Pem } from './certificate-files.ts';

export const MIN_TLS_VERSION = 'TLSv1.2';

/** What is served under which name. */
interface Loaded {
  /** For who names no host, or one that no certificate bears. */
  readonly fallback: Pem;
  readonly fallbackContext: SecureContext;
  readonly byName: ReadonlyMap<string, SecureContext>;
  /** Of all the bytes: whether anything has changed. */
  readonly digest: string;
}

export interface Certificates {
  readonly fallback: Pem;
  pick(serverName: string): SecureContext;
  /** Whether a certificate bears the name. */
  covers(name: string): boolean;
  /** Reads the files again. What cannot be used is said in the log and changes nothing. Never rejects. */
  reload(): Promise<void>;
  onChange(listener: () => void): void;
}

interface Opened extends Pem {
  readonly context: SecureContext;
  readonly names: readonly string[];
  readonly expiresAt: number;
}

/** The names of a certificate, of hosts and of addresses; where it has none of these, its common name. */
const namesOf = (certificate: X509Certificate): string[] => {
  const alternatives = [...(certificate.subjectAltName ?? '').matchAll(/(?:DNS|IP Address):([^,"\s]+)/gu)];
  const names = alternatives.map((match) => match[1] ?? '');
  const common = /^CN=(.+)$/mu.exec(certificate.subject)?.[1];
  return (names.length > 0 || common === undefined ? names : [common]).map((name) => name.toLowerCase());
};

const open = (pem: Pem): Opened => {
  try {
    const certificate = new X509Certificate(pem.cert);
    if (!certificate.checkPrivateKey(createPrivateKey(pem.key)))
      throw new Error('the key is not the one of the certificate');
    const context = createSecureContext({ cert: pem.cert, key: pem.key, minVersion: MIN_TLS_VERSION });
    const expiresAt = certificate.validToDate.getTime();
    return { ...pem, context, names: namesOf(certificate), expiresAt };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw PlatformError.of('CONFIG', `web-proxy: ${pem.file} cannot be used: ${why}`, { cause: error });
  }
};

const digestOf = (pems: readonly Pem[]): string => {
  const hash = createHash('sha256');
  for (const { file, cert, key } of pems) hash.update(JSON.stringify([file, cert, key]));
  return hash.digest('hex');
};

const load = (pems: readonly Pem[]): Loaded => {
  const opened = pems.map(open);
  const [fallback] = opened;
  if (fallback === undefined) throw PlatformError.of('CONFIG', 'web-proxy: there is no certificate');
  const byName = new Map<string, SecureContext>();
  // Of two for one name the one that lasts longer: a renewed one may lie beside the old.
  for (const { names, context } of opened.toSorted((a, b) => a.expiresAt - b.expiresAt))
    for (const name of names) byName.set(name, context);
  return { fallback, fallbackContext: fallback.context, byName, digest: digestOf(pems) };
};

/** Reads all certificates. Throws CONFIG when one cannot be used: a proxy that starts has what it was given. */
export const openCertificates = async (sources: CertificateSources, log: Log): Promise<Certificates> => {
  let loaded = load(await findPairs(sources));
  const listeners: (() => void)[] = [];
  const find = (name: string): SecureContext | undefined => {
    const known = name.toLowerCase();
    return loaded.byName.get(known) ?? loaded.byName.get(`*${known.slice(known.indexOf('.'))}`);
  };
  const readAgain = async (): Promise<void> => {
    try {
      const pems = await findPairs(sources);
      if (digestOf(pems) === loaded.digest) return;
      loaded = load(pems);
      for (const listener of listeners) listener();
      log.info('certificates were read again', { names: [...loaded.byName.keys()] });
    } catch (error) {
      log.error('new certificates cannot be used, the old ones stay', { error });
    }
  };
  let reading: Promise<void> | undefined;
  return {
    get fallback() {
      return loaded.fallback;
    },
    pick: (serverName) => find(serverName) ?? loaded.fallbackContext,
    covers: (name) => find(name) !== undefined,
    reload: () => (reading ??= readAgain().finally(() => (reading = undefined))),
    onChange: (listener) => void listeners.push(listener),
  };
};
