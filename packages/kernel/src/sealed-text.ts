import { createCipheriv, createDecipheriv, scrypt } from 'node:crypto';
import type { ScryptOptions } from 'node:crypto';
import { promisify } from 'node:util';
import { z } from 'zod';
import { PlatformError } from './platform-error.ts';
import type { Secret } from './secret.ts';

/** 128 MiB and about half a second of one core for each guess. */
const COST = { N: 2 ** 17, r: 8, p: 1 } as const;
const KEY_BYTES = 32;
const SALT_BYTES = 16;
const IV_BYTES = 12;
const TAG_BYTES = 16;

const base64 = (count: number) =>
  z
    .base64()
    .transform((text) => Buffer.from(text, 'base64'))
    .refine((bytes) => bytes.length === count);
/** A file may ask for less work than ours, and for twice as much memory at most: opening it is no way to stop a process. */
const fileSchema = z.strictObject({
  switchyard_sealed: z.literal(1),
  kdf: z.strictObject({
    name: z.literal('scrypt'),
    N: z
      .int()
      .min(2 ** 14)
      .max(2 ** 18)
      .refine((cost) => Number.isInteger(Math.log2(cost))),
    r: z.literal(COST.r),
    p: z.literal(COST.p),
    salt: base64(SALT_BYTES),
  }),
  cipher: z.literal('aes-256-gcm'),
  iv: base64(IV_BYTES),
  tag: base64(TAG_BYTES),
  text: z.base64().transform((text) => Buffer.from(text, 'base64')),
});

const derive = promisify<string, Uint8Array, number, ScryptOptions, Buffer>(scrypt);
const keyOf = (passphrase: Secret, salt: Uint8Array, cost: { N: number; r: number; p: number }) =>
  derive(passphrase.reveal().normalize('NFC'), salt, KEY_BYTES, { ...cost, maxmem: 160 * cost.N * cost.r });

/** What stands in the open is checked with the text: nobody makes a file cheaper to guess and leaves it openable. */
const headOf = (cost: { N: number; r: number; p: number }, salt: Uint8Array): Buffer =>
  Buffer.from(JSON.stringify([1, 'scrypt', cost.N, cost.r, cost.p, Buffer.from(salt).toString('base64')]));

/** A text that only the passphrase opens: AES-256-GCM under a key by scrypt, as JSON of one line. */
export async function sealText(
  plain: string,
  passphrase: Secret,
  random: (count: number) => Uint8Array,
  /** Of the key, as scrypt's N: a power of two from 2^14. */
  work: number = COST.N,
): Promise<string> {
  const cost = { ...COST, N: work };
  // Both are new each time: the same text sealed twice shows nothing of being the same.
  const salt = random(SALT_BYTES);
  const iv = random(IV_BYTES);
  const cipher = createCipheriv('aes-256-gcm', await keyOf(passphrase, salt, cost), iv);
  cipher.setAAD(headOf(cost, salt));
  const text = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
  const spell = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');
  return `${JSON.stringify({
    switchyard_sealed: 1,
    kdf: { name: 'scrypt', ...cost, salt: spell(salt) },
    cipher: 'aes-256-gcm',
    iv: spell(iv),
    tag: spell(cipher.getAuthTag()),
    text: spell(text),
  })}\n`;
}

/** Throws CONFIG for what is no sealed text, and, in one sentence for all of it, for another passphrase or a changed byte. */
export async function unsealText(sealed: string, passphrase: Secret): Promise<string> {
  const { kdf, iv, tag, text } = readFile(sealed);
  const decipher = createDecipheriv('aes-256-gcm', await keyOf(passphrase, kdf.salt, kdf), iv, {
    authTagLength: TAG_BYTES,
  });
  decipher.setAAD(headOf(kdf, kdf.salt));
  decipher.setAuthTag(tag);
  try {
    return Buffer.concat([decipher.update(text), decipher.final()]).toString('utf8');
  } catch {
    throw PlatformError.of('CONFIG', 'the passphrase does not open the sealed file, or the file was changed');
  }
}

function readFile(sealed: string): z.output<typeof fileSchema> {
  let json: unknown;
  try {
    json = JSON.parse(sealed);
  } catch {
    json = undefined;
  }
  const parsed = fileSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw PlatformError.of('CONFIG', 'this is no sealed file, or one of a newer form');
}
