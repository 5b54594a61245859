import { deriveKey, seal, unseal } from '@switchyard/identity';
import type { Ids, Secret } from '@switchyard/kernel';

const IV_BYTES = 12;

/** The id token that an issuer wants to see when somebody signs out; it names the user, and so is kept sealed. */
export interface LogoutHints {
  seal(userId: string, idToken: string): Buffer;
  open(userId: string, sealed: Buffer | null): string | undefined;
}

export function createLogoutHints({ masterKey, ids }: { masterKey: Secret; ids: Ids }): LogoutHints {
  const key = deriveKey(masterKey, 'logout-hint');
  const context = (userId: string): string => `logout-hint:${userId}`;
  return {
    seal: (userId, idToken) => {
      const iv = Buffer.from(ids.token(IV_BYTES), 'base64url');
      return seal(key, iv, Buffer.from(idToken), context(userId));
    },
    open: (userId, sealed) =>
      sealed === null ? undefined : unseal(key, sealed, context(userId))?.toString(),
  };
}
