import { PlatformError } from '@switchyard/kernel';
import type { DataOwner } from '@switchyard/store';
import type { CapabilityCaller } from './capability.ts';

/** Whose data a call means. Throws CAPABILITY_DENIED where it means a user's and nobody in particular called. */
export function ownerOf({ bundleId, user }: CapabilityCaller, scope: 'bundle' | 'user'): DataOwner {
  if (scope === 'bundle') return { bundleId };
  if (user === undefined)
    throw PlatformError.of(
      'CAPABILITY_DENIED',
      'Nobody called, so there is no user whose data this could be.',
    );
  return { bundleId, userId: user.userId };
}

/** `rows` are one more than asked for where there is a next page. */
export function pageOf<T>(
  rows: readonly T[],
  limit: number,
  cursorOf: (row: T) => string,
): { items: T[]; next_cursor?: string } {
  const items = rows.slice(0, limit);
  const last = rows.length > limit ? items.at(-1) : undefined;
  return last === undefined ? { items } : { items, next_cursor: cursorOf(last) };
}
