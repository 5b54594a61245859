import { createHmac, timingSafeEqual } from 'node:crypto';

/** One-time codes of RFC 6238, as every app for them makes them: SHA-1, 30 s, six digits. */
const STEP_MS = 30_000;
const DIGITS = 6;
/** A clock may be a step off, and a code takes its time to be typed. */
const STEPS_AROUND = [0, -1, 1];

export function codeAt(secret: Buffer, step: number): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac('sha1', secret).update(counter).digest();
  const at = (mac.at(-1) ?? 0) & 0x0f;
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 10 ** DIGITS).padStart(DIGITS, '0');
}

/** The step whose code it is; undefined for a code of no step around now. That none is taken twice is the database's to see to. */
export function findStep(secret: Buffer, code: string, nowMs: number): number | undefined {
  const now = Math.floor(nowMs / STEP_MS);
  const given = Buffer.from(code);
  return STEPS_AROUND.map((offset) => now + offset).find((step) => {
    const expected = Buffer.from(codeAt(secret, step));
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
}

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** RFC 4648, without padding. */
export function base32(bytes: Buffer): string {
  const bits = Array.from(bytes, (byte) => byte.toString(2).padStart(8, '0')).join('');
  return (bits.match(/.{1,5}/g) ?? [])
    .map((five) => BASE32[Number.parseInt(five.padEnd(5, '0'), 2)])
    .join('');
}

/** What the app reads from the square. */
export function otpauthUri({
  issuer,
  login,
  secret,
}: {
  issuer: string;
  login: string;
  secret: Buffer;
}): string {
  const label = `${encodeURIComponent(issuer)}:${encodeURIComponent(login)}`;
  return `otpauth://totp/${label}?secret=${base32(secret)}&issuer=${encodeURIComponent(issuer)}`;
}
