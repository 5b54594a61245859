import { createHash, timingSafeEqual } from 'node:crypto';
import { PlatformError } from '@switchyard/kernel';
import type { Secret } from '@switchyard/kernel';

const MIN_CHARACTERS = 32;

/** Throws BAD_TOKEN for who has not the token. Throws CONFIG at once for one that is short. */
export function createTokenCheck(token: Secret): (authorization: string | undefined) => void {
  const text = token.reveal();
  if (text.length < MIN_CHARACTERS)
    throw PlatformError.of('CONFIG', `exec: EXEC_TOKEN is shorter than ${MIN_CHARACTERS} characters`);
  const known = hashOf(text);
  return (authorization) => {
    const given = hashOf(/^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1] ?? '');
    // Hashes of equal length in constant time: how long it takes says nothing about the token.
    if (!timingSafeEqual(known, given)) throw PlatformError.of('BAD_TOKEN');
  };
}

function hashOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
