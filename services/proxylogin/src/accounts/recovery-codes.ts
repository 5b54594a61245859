import { macHex } from '@switchyard/identity';
import type { Ids } from '@switchyard/kernel';
import type { PasswordHasher } from '../passwords/password-hasher.ts';

const COUNT = 10;
const CHARACTERS = 10;
/** Crockford's: no letter that looks like another one. */
const LETTERS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const FORMER_HASH_BYTES = 16;

/** Codes of 50 random bits, `XXXXX-XXXXX`, for when the phone is lost. */
export function makeRecoveryCodes(ids: Ids): string[] {
  return Array.from({ length: COUNT }, () => {
    const bytes = Buffer.from(ids.token(CHARACTERS), 'base64url');
    const letters = Array.from(bytes, (byte) => LETTERS[byte % LETTERS.length]).join('');
    return `${letters.slice(0, CHARACTERS / 2)}-${letters.slice(CHARACTERS / 2)}`;
  });
}

/** As it was typed: small letters, without its dash, `O` for a zero. Undefined for what is none. */
export function readRecoveryCode(text: string): string | undefined {
  const letters = text.toUpperCase().replaceAll(/[\s-]/g, '').replaceAll('O', '0').replaceAll(/[IL]/g, '1');
  return letters.length === CHARACTERS && Array.from(letters).every((each) => LETTERS.includes(each))
    ? letters
    : undefined;
}

/**
 * Codes as they are kept: argon2id like passwords, since 50 bits could be tried through. All of a user have one salt, or ten hashes would be
 * made for each guess; the user is in it, so that no code is two people's.
 */
export function createRecoveryHashes(
  hasher: Pick<PasswordHasher, 'hash' | 'hashEach'>,
  formerKeys: readonly Buffer[],
) {
  const textOf = (userId: string, code: string): string =>
    JSON.stringify(['recovery-code', userId, readRecoveryCode(code) ?? '']);
  return {
    async make(userId: string, codes: readonly string[]): Promise<string[]> {
      const hashes: string[] = [];
      for (const code of codes) hashes.push(await hasher.hash(textOf(userId, code), hashes[0]));
      return hashes;
    },
    /**
     * What a code may be kept as, one after another: by the current key and by the ones before. `like` is any one of the user's. Codes that
     * were given out before this way of keeping them have a keyed hash, and work on.
     */
    async *each(userId: string, code: string, like: string): AsyncGenerator<string> {
      if (like.startsWith('$')) yield* hasher.hashEach(textOf(userId, code), like);
      else
        for (const key of formerKeys)
          yield macHex(key, [userId, readRecoveryCode(code) ?? ''], FORMER_HASH_BYTES);
    },
  };
}
