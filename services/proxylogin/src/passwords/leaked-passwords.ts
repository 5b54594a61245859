import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';

/** What attackers try first: passwords that were found often in what others have lost. */
export interface LeakedPasswords {
  readonly size: number;
  /** As somebody would type it: neither its case nor how its letters are composed matters. */
  has(password: string): boolean;
}

/**
 * Of each password the first six bytes of its SHA-256, sorted: nobody reads words of that kind in the repository, and a password that is
 * none of them is taken for one once in 10^10 times. Made by `tools/make-leaked-passwords.ts`.
 */
const FILE = new URL('leaked-passwords.bin', import.meta.url);
export const LEAKED_HASH_BYTES = 6;

export const hashLeaked = (password: string): Buffer =>
  createHash('sha256')
    .update(password.normalize('NFKC').toLowerCase())
    .digest()
    .subarray(0, LEAKED_HASH_BYTES);

/** Throws for bytes that are no list. */
export function readLeakedPasswords(sorted: Buffer): LeakedPasswords {
  const size = sorted.length / LEAKED_HASH_BYTES;
  if (!Number.isInteger(size)) throw new Error('the list of leaked passwords is cut off');
  const entry = (at: number): Buffer => sorted.subarray(at * LEAKED_HASH_BYTES, (at + 1) * LEAKED_HASH_BYTES);
  return {
    size,
    has(password) {
      const wanted = hashLeaked(password);
      let [from, to] = [0, size];
      while (from < to) {
        const middle = (from + to) >>> 1;
        const order = entry(middle).compare(wanted);
        if (order === 0) return true;
        if (order < 0) from = middle + 1;
        else to = middle;
      }
      return false;
    },
  };
}

export const loadLeakedPasswords = async (): Promise<LeakedPasswords> =>
  readLeakedPasswords(await readFile(FILE));
