import { createCipheriv, createDecipheriv } from 'node:crypto';

const VERSION = 1;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const HEAD_BYTES = 1 + IV_BYTES + TAG_BYTES;

/**
 * AES-256-GCM: version, iv, tag, text. `context` is checked and not stored: something sealed for one place does not open in
 * another. The iv must never repeat under one key; 96 random bits are safe for 2^32 sealings.
 */
export function seal(key: Buffer, iv: Uint8Array, plain: Uint8Array, context: string): Buffer {
  if (iv.length !== IV_BYTES) throw new RangeError(`the iv has ${iv.length} bytes`);
  const cipher = createCipheriv('aes-256-gcm', key, iv);
  cipher.setAAD(Buffer.from(context));
  const text = Buffer.concat([cipher.update(plain), cipher.final()]);
  return Buffer.concat([Buffer.of(VERSION), iv, cipher.getAuthTag(), text]);
}

/** Undefined when it was changed, cut, sealed for another context or with another key. */
export function unseal(key: Buffer, sealed: Uint8Array, context: string): Buffer | undefined {
  if (sealed.length < HEAD_BYTES || sealed[0] !== VERSION) return undefined;
  const part = (from: number, to?: number) => sealed.subarray(from, to);
  const decipher = createDecipheriv('aes-256-gcm', key, part(1, 1 + IV_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAuthTag(part(1 + IV_BYTES, HEAD_BYTES));
  decipher.setAAD(Buffer.from(context));
  try {
    return Buffer.concat([decipher.update(part(HEAD_BYTES)), decipher.final()]);
  } catch {
    return undefined;
  }
}

/** With the first of the keys that fits. */
export function unsealAny(keys: Iterable<Buffer>, sealed: Uint8Array, context: string): Buffer | undefined {
  for (const key of keys) {
    const plain = unseal(key, sealed, context);
    if (plain !== undefined) return plain;
  }
  return undefined;
}
