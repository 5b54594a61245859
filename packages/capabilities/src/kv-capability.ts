import { PlatformError } from '@switchyard/kernel';
import type { BundleValues } from '@switchyard/store';
import { defineCapability } from './define-capability.ts';
import type { Capability } from './capability.ts';
import { ownerOf, pageOf } from './owner-of.ts';

export interface KvParts {
  readonly values: Pick<BundleValues, 'get' | 'set' | 'increment' | 'delete' | 'list' | 'count'>;
  /** Of one bundle, with those of its users. */
  readonly maxEntries: number;
}

/** Counting costs more than setting, so it is done now and then: a bundle may be over its bound by so many. */
const COUNT_EVERY = 100;

/** Small values in Postgres, one statement a change. */
export function createKvCapability({ values, maxEntries }: KvParts): Capability {
  const untilCount = new Map<string, number>();
  const requireRoom = async (bundleId: string): Promise<void> => {
    const left = untilCount.get(bundleId) ?? 0;
    if (left > 0) return void untilCount.set(bundleId, left - 1);
    if ((await values.count(bundleId, maxEntries)) >= maxEntries)
      throw PlatformError.of(
        'UNPROCESSABLE',
        `The bundle holds ${maxEntries} values, which is as many as it may.`,
      );
    untilCount.set(bundleId, COUNT_EVERY - 1);
  };
  return defineCapability('kv', {
    get: async (caller, key, { scope }) => (await values.get(ownerOf(caller, scope), key)) ?? null,
    set: async (caller, key, value, { scope, ...options }) => {
      await requireRoom(caller.bundleId);
      return (await values.set(ownerOf(caller, scope), key, value, options)) ?? null;
    },
    increment: async (caller, key, by, { scope }) => {
      await requireRoom(caller.bundleId);
      const sum = await values.increment(ownerOf(caller, scope), key, by);
      if (sum === undefined) throw PlatformError.of('CONFLICT', `The value of "${key}" is no number.`);
      if (!Number.isSafeInteger(sum))
        throw PlatformError.of('CONFLICT', `The number of "${key}" is too large.`);
      return sum;
    },
    delete: (caller, key, { scope }) => values.delete(ownerOf(caller, scope), key),
    list: async (caller, prefix, { scope, limit, cursor = '' }) =>
      pageOf(await values.list(ownerOf(caller, scope), prefix, cursor, limit + 1), limit, ({ key }) => key),
  });
}
