import { PlatformError } from '@switchyard/kernel';
import { createClusterFinder } from './cluster-finder.ts';
import type { DriverOptions } from './driver-options.ts';
import type { MasterFinder } from './master-finder.ts';
import type { RedisAddress } from './redis-url.ts';
import { createSentinelFinder } from './sentinel-finder.ts';

/** `prefix`: any key of the scope; a cluster's finder needs it to know the slot. */
export function createMasterFinder(address: RedisAddress, prefix: string | undefined): MasterFinder {
  switch (address.kind) {
    case 'single':
      return {
        find: () => Promise.resolve(address.node),
        candidates: () => Promise.resolve([]),
        canMove: false,
      };
    case 'sentinel':
      return createSentinelFinder(address);
    case 'cluster':
      if (prefix === undefined)
        throw PlatformError.of('CONFIG', 'a connection to a cluster must say which scope it serves');
      return createClusterFinder(address, prefix, accessOf(address));
  }
}

/** How a server behind this address is spoken to. */
export function accessOf({ username, password, isTls }: RedisAddress): DriverOptions {
  return {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(isTls ? { tls: {} } : {}),
  };
}
