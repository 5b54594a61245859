import { macHex } from '@switchyard/identity';
import type { Ids } from '@switchyard/kernel';

const COUNT = 10;
const CHARACTERS = 10;
/** Crockford's: no letter that looks like another one. */
const LETTERS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const HASH_BYTES = 16;

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

/** As it is kept. With a key and the user in it: a copy of the database cannot be guessed at, and no code is two people's. */
export const hashRecoveryCode = (key: Buffer, userId: string, code: string): string =>
  macHex(key, [userId, readRecoveryCode(code) ?? ''], HASH_BYTES);
