import { createHash, timingSafeEqual } from 'node:crypto';
import { PlatformError } from '@switchyard/kernel';
import type { Secret } from '@switchyard/kernel';
import type { ServiceName } from './decide-access.ts';

const MIN_CHARACTERS = 32;

/** Knows a service by its bearer token. Throws CONFIG for a token that is short or given to two services. */
export function createServiceTokens(
  tokens: Readonly<Partial<Record<ServiceName, Secret | undefined>>>,
): (authorization: string | undefined) => ServiceName {
  const known = Object.entries(tokens).flatMap(([service, token]) =>
    token === undefined ? [] : [{ service: service as ServiceName, hash: hashOf(checked(service, token)) }],
  );
  const distinct = new Set(known.map(({ hash }) => hash.toString('hex')));
  if (distinct.size < known.length)
    throw PlatformError.of('CONFIG', 'secrets: two services have the same token');
  if (known.length === 0) throw PlatformError.of('CONFIG', 'secrets: no service has a token');

  return (authorization) => {
    const given = hashOf(/^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1] ?? '');
    let found: ServiceName | undefined;
    // All are compared, hashes of equal length in constant time: how long it takes says nothing about a token.
    for (const { service, hash } of known) if (timingSafeEqual(hash, given)) found = service;
    if (found === undefined) throw PlatformError.of('BAD_TOKEN');
    return found;
  };
}

function checked(service: string, token: Secret): string {
  const text = token.reveal();
  if (text.length >= MIN_CHARACTERS) return text;
  throw PlatformError.of(
    'CONFIG',
    `secrets: the token of ${service} is shorter than ${MIN_CHARACTERS} characters`,
  );
}

function hashOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
