import { createHmac, hkdfSync } from 'node:crypto';
import type { Secret } from '@switchyard/kernel';
import { PlatformError } from '@switchyard/kernel';
import { MIN_MASTER_CHARACTERS } from './master-keys.ts';
import type { MasterKeys } from './master-keys.ts';

const KEY_BYTES = 32;

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

/** Of the current master key first. One after another, as they are asked for: the first one nearly always fits. */
export function* deriveEach(masterKeys: MasterKeys, purpose: string, salt = ''): Generator<Buffer> {
  yield deriveKey(masterKeys.current, purpose, salt);
  for (const former of masterKeys.former) yield deriveKey(former, purpose, salt);
}

/** What is made anew is made with `current`; `all` has it first. */
export interface DerivedKeys {
  readonly current: Buffer;
  readonly all: readonly Buffer[];
}

export function deriveKeys(masterKeys: MasterKeys, purpose: string, salt = ''): DerivedKeys {
  const current = deriveKey(masterKeys.current, purpose, salt);
  return { current, all: [current, ...masterKeys.former.map((each) => deriveKey(each, purpose, salt))] };
}

/** HMAC over parts that cannot run into each other, as lower-case hex of `bytes` bytes. */
export function macHex(key: Buffer, parts: readonly string[], bytes: number): string {
  return createHmac('sha256', key).update(JSON.stringify(parts)).digest().subarray(0, bytes).toString('hex');
}
