import { PlatformError } from '@switchyard/kernel';

// Everything that walks over the events later (JSON.stringify, Postgres' jsonb, the host) recurses and runs out of stack at some
// thousand levels. No real event comes near this.
const MAX_LEVELS = 100;

/**
 * Refuses what Postgres cannot keep: NUL, halves of a surrogate pair, and nesting without end. Throws INVALID_REQUEST naming
 * the place.
 */
export function refuseUnstorable(value: unknown, path: string): void {
  check(value, path, MAX_LEVELS);
}

function check(value: unknown, path: string, levelsLeft: number): void {
  if (typeof value === 'string') {
    if (value.includes('\0') || !value.isWellFormed())
      throw refusal(path, 'contains characters that no text may contain');
  } else if (typeof value === 'object' && value !== null) {
    // The whole path would be as long as the nesting is deep.
    if (levelsLeft === 0)
      throw refusal(path.split('.', 1).join(), `nested more than ${MAX_LEVELS} levels deep`);
    for (const [key, item] of Object.entries(value)) {
      check(key, `${path} (a key)`, levelsLeft);
      check(item, `${path}.${key}`, levelsLeft - 1);
    }
  }
}

function refusal(field: string, why: string): PlatformError {
  return PlatformError.of('INVALID_REQUEST', `${field}: ${why}`, { details: { field } });
}
