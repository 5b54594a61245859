import { hashHex } from '@switchyard/kernel';
import type { Clock, Ids } from '@switchyard/kernel';
import { readAnonymous, signAnonymous } from './anonymous-cookie.ts';
import type { AnonymousId } from './anonymous-cookie.ts';
import type { Proven } from './caller.ts';
import { deriveKeys } from './derive-key.ts';
import type { IdentityConfig } from './identity-settings.ts';
import { readMasterKeys } from './master-keys.ts';
import type { SessionStore } from './session-store.ts';
import { serverCookie } from './server-cookie.ts';

const ID_BYTES = 16;

/** Callers without a token. A cookie that is not ours is as none: it proves nothing, so nothing is lost by a new one. */
export function createAnonymousCallers(parts: {
  clock: Clock;
  ids: Ids;
  config: IdentityConfig;
  sessions: SessionStore;
}) {
  const { clock, ids, config, sessions } = parts;
  const { current, all } = deriveKeys(
    readMasterKeys(config),
    'anonymous-cookie',
    `${config.tenant}:${config.project}`,
  );
  const ttlSec = Math.floor(config.anonymousTtl / 1000);

  /** Of a former key it is known, and not `isOurs`: the browser gets one of the current key. */
  function read(cookie: string, nowSec: number): (AnonymousId & { isOurs: boolean }) | undefined {
    for (const key of all) {
      const found = readAnonymous(key, cookie, nowSec, ttlSec);
      if (found !== undefined) return { ...found, isOurs: key === current };
    }
    return undefined;
  }

  return {
    recognise(cookie: string | undefined): { proven: Proven; setCookies?: string[] } {
      const nowSec = Math.floor(clock.now() / 1000);
      const known = cookie === undefined ? undefined : read(cookie, nowSec);
      const id = known?.id ?? ids.token(ID_BYTES);
      const fingerprint = hashHex(`anonymous:${id}`).slice(0, 32);
      const userId = `anonymous-${fingerprint}`;
      const sessionId = sessions.idOf('anonymous', userId);
      const proven: Proven = {
        kind: 'anonymous',
        userId,
        userType: 'anonymous',
        roles: [],
        permissions: [],
        sessionId,
        fingerprint,
      };
      // Renewed at half of its life, so that somebody who comes back keeps it.
      if (known?.isOurs === true && nowSec - known.issuedAtSec < ttlSec / 2) return { proven };
      const value = signAnonymous(current, { id, issuedAtSec: nowSec });
      return { proven, setCookies: [serverCookie(config.anonymousCookie, value, ttlSec)] };
    },
  };
}
