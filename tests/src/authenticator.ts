import { createHmac } from 'node:crypto';

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const STEP_MS = 30_000;

/** An app for one-time codes. */
export interface Authenticator {
  /** The code of now; that of the next step when the one of now was given out already, since each is taken once. */
  code(): string;
}

/** From the letters that the page shows for typing, by RFC 6238 alone: nothing of it is the code under test. */
export function createAuthenticator(shown: string): Authenticator {
  const bits = Array.from(shown.replaceAll(/\s/g, ''), (letter) =>
    LETTERS.indexOf(letter).toString(2).padStart(5, '0'),
  ).join('');
  const secret = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
  let last = 0;
  return {
    code() {
      last = Math.max(Math.floor(Date.now() / STEP_MS), last + 1);
      const counter = Buffer.alloc(8);
      counter.writeBigUInt64BE(BigInt(last));
      const mac = createHmac('sha1', secret).update(counter).digest();
      const at = (mac.at(-1) ?? 0) & 15;
      return String((mac.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0');
    },
  };
}
