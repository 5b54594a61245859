/** Longest password: the cost of hashing does not depend on it, that of reading it does. */
export const MAX_PASSWORD_CHARACTERS = 256;

/** What is wrong with a new password, or undefined. `names` are what an attacker tries first: login, name, mail. */
export function decidePassword(
  password: string,
  { minCharacters, names }: { minCharacters: number; names: readonly string[] },
): 'too_short' | 'too_long' | 'too_simple' | undefined {
  const characters = Array.from(password);
  if (characters.length < minCharacters) return 'too_short';
  if (characters.length > MAX_PASSWORD_CHARACTERS) return 'too_long';
  const plain = password.toLowerCase();
  const isOfName = names.some((name) => isMostly(plain, name.toLowerCase()));
  // Five different characters at least: rows of one, or `abcabcabcabc`.
  if (isOfName || new Set(plain).size < MIN_DIFFERENT || isRow(plain)) return 'too_simple';
  return undefined;
}

const MIN_DIFFERENT = 5;

/** The name, and little else. */
function isMostly(password: string, name: string): boolean {
  return name.length >= 3 && password.includes(name) && password.length - name.length < 6;
}

/** `1234567890`, `abcdefghij`: each character follows the one before it. */
function isRow(password: string): boolean {
  const steps = Array.from(password, (each, at) => each.charCodeAt(0) - password.charCodeAt(at - 1)).slice(1);
  return steps.filter((step) => Math.abs(step) <= 1).length > steps.length * 0.8;
}
