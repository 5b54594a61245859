import { deriveKeys, seal, unsealAny } from '@switchyard/identity';
import type { MasterKeys } from '@switchyard/identity';
import type { Ids } from '@switchyard/kernel';

const IV_BYTES = 12;

/** The id token that an issuer wants to see when somebody signs out; it names the user, and so is kept sealed. */
export interface LogoutHints {
  seal(userId: string, idToken: string): Buffer;
  open(userId: string, sealed: Buffer | null): string | undefined;
}

export const LOGOUT_HINT = 'logout-hint';
/** A hint opens for the one whom it names. */
export const hintContext = (userId: string): string => `logout-hint:${userId}`;

export function createLogoutHints({ masterKeys, ids }: { masterKeys: MasterKeys; ids: Ids }): LogoutHints {
  const keys = deriveKeys(masterKeys, LOGOUT_HINT);
  return {
    seal: (userId, idToken) => {
      const iv = Buffer.from(ids.token(IV_BYTES), 'base64url');
      return seal(keys.current, iv, Buffer.from(idToken), hintContext(userId));
    },
    open: (userId, sealed) =>
      sealed === null ? undefined : unsealAny(keys.all, sealed, hintContext(userId))?.toString(),
  };
}
