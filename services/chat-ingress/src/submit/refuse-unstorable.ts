import { PlatformError } from '@switchyard/kernel';

/** Refuses text that Postgres cannot keep: NUL, and halves of a surrogate pair. Throws INVALID_REQUEST naming the place. */
export function refuseUnstorable(value: unknown, path: string): void {
  if (typeof value === 'string') {
    if (value.includes('\0') || !value.isWellFormed()) {
      throw PlatformError.of('INVALID_REQUEST', `${path}: contains characters that no text may contain`, {
        details: { field: path },
      });
    }
  } else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) refuseUnstorable(item, `${path}.${index}`);
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value)) {
      refuseUnstorable(key, `${path} (a key)`);
      refuseUnstorable(item, `${path}.${key}`);
    }
  }
}
