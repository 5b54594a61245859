import { createHmac, hkdfSync } from 'node:crypto';
import type { Secret } from '@switchyard/kernel';
import { PlatformError } from '@switchyard/kernel';

const KEY_BYTES = 32;
const MIN_MASTER_CHARACTERS = 32;

/** One key per purpose, so that a key that leaks opens one thing. `salt` binds it further, for example to a cookie. */
export function deriveKey(masterKey: Secret, purpose: string, salt = ''): Buffer {
  const master = masterKey.reveal();
  if (master.length < MIN_MASTER_CHARACTERS) {
    throw PlatformError.of(
      'CONFIG',
      `SWITCHYARD_MASTER_KEY is shorter than ${MIN_MASTER_CHARACTERS} characters`,
    );
  }
  return Buffer.from(hkdfSync('sha256', master, salt, `switchyard/v1/${purpose}`, KEY_BYTES));
}

/** HMAC over parts that cannot run into each other, as lower-case hex of `bytes` bytes. */
export function macHex(key: Buffer, parts: readonly string[], bytes: number): string {
  return createHmac('sha256', key).update(JSON.stringify(parts)).digest().subarray(0, bytes).toString('hex');
}
