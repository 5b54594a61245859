import { isIPv6 } from 'node:net';
import { plainAddress } from './client-address.ts';

/** How many each address has open, with one limit for all. */
export interface AddressCounts {
  /** Undefined: it has as many as it may. What is answered gives its place back, and may be called again. */
  take(address: string): (() => void) | undefined;
}

/** Who has one address of IPv6 has the 2^64 of its network: they count as one. */
export const addressGroup = (written: string): string => {
  const address = plainAddress(written);
  if (!isIPv6(address)) return address;
  const [head, tail] = address.split('::') as [string, string?];
  const groups = head === '' ? [] : head.split(':');
  if (tail !== undefined) {
    const after = tail === '' ? [] : tail.split(':');
    while (groups.length + after.length < 8) groups.push('0');
    groups.push(...after);
  }
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
};

export const createAddressCounts = (limit: number): AddressCounts => {
  const open = new Map<string, number>();
  return {
    take: (address) => {
      const group = addressGroup(address);
      const count = open.get(group) ?? 0;
      if (count >= limit) return undefined;
      open.set(group, count + 1);
      let isOver = false;
      return () => {
        if (isOver) return;
        isOver = true;
        const left = (open.get(group) ?? 1) - 1;
        if (left === 0) open.delete(group);
        else open.set(group, left);
      };
    },
  };
};
