import { createHash } from 'node:crypto';
import { PlatformError } from '@switchyard/kernel';
import type { Clock } from '@switchyard/kernel';

/** Of one bundle or the platform. Limits are checked where the request is read. */
export interface ReadGrant {
  /** As `spellFolder` spells it. */
  readonly folder: string;
  readonly keys: readonly string[];
  readonly uses: number;
  readonly ttlMs: number;
}

interface Kept {
  readonly folder: string;
  readonly keys: ReadonlySet<string>;
  usesLeft: number;
  /** Monotonic milliseconds. */
  readonly endsAt: number;
}

export interface ReadTokens {
  /** Throws UNPROCESSABLE when too many are open. */
  make(grant: ReadGrant): string;
  /** Takes one use; false for a token that is unknown, over, used up or for something else, and for nothing of that is a use taken. */
  use(token: string, folder: string, key: string): boolean;
  clear(): void;
}

/** Tells it from a service's token. */
export const READ_TOKEN_PREFIX = 'srt_';
const MAX_OPEN = 10_000;

/** Tokens that read some names of one folder, so many times and so long. Kept as hashes: a dump of this process opens nothing with them. */
export function createReadTokens(clock: Pick<Clock, 'monotonic'>, makeToken: () => string): ReadTokens {
  const open = new Map<string, Kept>();
  const hashOf = (token: string): string => createHash('sha256').update(token).digest('base64');
  const dropOver = (): void => {
    for (const [hash, { endsAt }] of open) if (clock.monotonic() >= endsAt) open.delete(hash);
  };
  return {
    make({ folder, keys, uses, ttlMs }) {
      if (open.size >= MAX_OPEN) dropOver();
      if (open.size >= MAX_OPEN) throw PlatformError.of('UNPROCESSABLE', 'Too many read tokens are open.');
      const token = makeToken();
      open.set(hashOf(token), {
        folder,
        keys: new Set(keys),
        usesLeft: uses,
        endsAt: clock.monotonic() + ttlMs,
      });
      return token;
    },
    use(token, folder, key) {
      const hash = hashOf(token);
      const kept = open.get(hash);
      if (kept === undefined) return false;
      if (clock.monotonic() >= kept.endsAt) {
        open.delete(hash);
        return false;
      }
      if (kept.folder !== folder || !kept.keys.has(key)) return false;
      kept.usesLeft -= 1;
      if (kept.usesLeft === 0) open.delete(hash);
      return true;
    },
    clear: () => open.clear(),
  };
}
