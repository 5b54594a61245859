import type { Ids } from '@switchyard/kernel';

/** Random bytes from the ids that arrived as an argument. */
export function randomBytes(ids: Ids, size: number): Buffer {
  return Buffer.from(ids.token(size), 'base64url');
}
