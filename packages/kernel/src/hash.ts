import { hash } from 'node:crypto';

/** SHA-256 as 64 hex characters: for keys made of user ids and free strings (02, Names). */
export function hashHex(value: string | Uint8Array): string {
  // In one call: three times as fast on short texts as an object that is fed.
  return hash('sha256', value, 'hex');
}
