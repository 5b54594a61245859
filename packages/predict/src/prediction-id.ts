/** Without i, l, o and u: what a person reads aloud is what another writes down (Crockford's base32, small). */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const TIME_LETTERS = 10;
const RANDOM_LETTERS = 16;

/** An id becomes part of file names and paths, wherever it comes from. */
const FITTING = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,127}$/u;

export function isPredictionId(text: string): boolean {
  return FITTING.test(text);
}

/** 26 letters: ten of the time in milliseconds, sixteen of chance. Ids of different milliseconds sort as they were made. */
export function makePredictionId(nowMs: number, randomBytes: (size: number) => Uint8Array): string {
  let rest = nowMs;
  let time = '';
  for (let letter = 0; letter < TIME_LETTERS; letter += 1) {
    time = `${ALPHABET[rest % 32] ?? '0'}${time}`;
    rest = Math.floor(rest / 32);
  }
  const random = Array.from(randomBytes(RANDOM_LETTERS), (byte) => ALPHABET[byte % 32] ?? '0');
  return time + random.join('');
}
