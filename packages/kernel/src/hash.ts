import { createHash } from 'node:crypto';

/** SHA-256 as 64 hex characters: for keys made of user ids and free strings (02, Names). */
export function hashHex(value: string | Uint8Array): string {
  return createHash('sha256').update(value).digest('hex');
}
