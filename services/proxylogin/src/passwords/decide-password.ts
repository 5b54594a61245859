/** Longest password: the cost of hashing does not depend on it, that of reading it does. */
export const MAX_PASSWORD_CHARACTERS = 256;

/**
 * `too_simple`: few different characters, or a row of them. `too_common`: a leaked one, also with a year or a sign beside it. `of_names`:
 * the person's own names or words of this installation, and little else.
 */
export type PasswordVerdict = 'too_short' | 'too_long' | 'too_simple' | 'too_common' | 'of_names';

export interface PasswordRule {
  readonly minCharacters: number;
  /** What is wrong with a new password, or undefined. `names` are what an attacker tries first: login, name, mail. */
  decide(password: string, names: readonly (string | null)[]): PasswordVerdict | undefined;
}

export interface PasswordRuleParts {
  readonly minCharacters: number;
  /** Of this installation: its name, its address, its tenant and the like. */
  readonly words: readonly string[];
  readonly isLeaked: (password: string) => boolean;
}

export function createPasswordRule({ minCharacters, words, isLeaked }: PasswordRuleParts): PasswordRule {
  const own = wordsIn(words);
  return {
    minCharacters,
    decide(password, names) {
      const count = Array.from(password).length;
      if (count < minCharacters) return 'too_short';
      if (count > MAX_PASSWORD_CHARACTERS) return 'too_long';
      const plain = password.normalize('NFKC').toLowerCase();
      // Five different characters at least: rows of one, or `abcabcabcabc`.
      if (new Set(plain).size < MIN_DIFFERENT || isRow(plain)) return 'too_simple';
      if (isLeaked(plain) || isLeakedWithTail(plain, isLeaked)) return 'too_common';
      const known = [...wordsIn(names.map((name) => name ?? '')), ...own];
      return isMadeOf(plain, known) ? 'of_names' : undefined;
    },
  };
}

const MIN_DIFFERENT = 5;
/** Fewer characters than this beside a word that is known are soon tried through. */
const LITTLE = 6;
const MIN_WORD = 3;

/** Each text whole and in its parts, as `ann@example.com` has `ann` and `example`; the longest first. */
function wordsIn(texts: readonly string[]): string[] {
  const words = texts
    .map((text) => text.normalize('NFKC').toLowerCase())
    .flatMap((text) => [text, ...text.split(/[^\p{L}\p{N}]+/u)])
    .filter((word) => word.length >= MIN_WORD);
  return [...new Set(words)].toSorted((one, other) => other.length - one.length);
}

/** Nothing but such words, however often, and little else. */
function isMadeOf(password: string, words: readonly string[]): boolean {
  const rest = words.reduce((left, word) => left.replaceAll(word, ''), password);
  return rest !== password && Array.from(rest).length < LITTLE;
}

/** `sunshine2026!`: what stands between the first letter and the last one, where that is most of it. */
function isLeakedWithTail(password: string, isLeaked: (password: string) => boolean): boolean {
  const characters = Array.from(password);
  const isLetter = (each: string): boolean => /\p{L}/u.test(each);
  const [first, last] = [characters.findIndex(isLetter), characters.findLastIndex(isLetter)];
  const core = characters.slice(Math.max(0, first), last + 1);
  return characters.length - core.length < LITTLE && isLeaked(core.join(''));
}

/** `1234567890`, `abcdefghij`: each character follows the one before it. */
function isRow(password: string): boolean {
  const steps = Array.from(password, (each, at) => each.charCodeAt(0) - password.charCodeAt(at - 1)).slice(1);
  return steps.filter((step) => Math.abs(step) <= 1).length > steps.length * 0.8;
}
