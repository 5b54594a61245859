import type { NodeAddress } from './redis-url.ts';

/** Knows where the one server is that takes a scope's writes. */
export interface MasterFinder {
  /** Asks now. Rejects when nobody can say. */
  find(): Promise<NodeAddress>;
  /** Every server that takes the writes now or may come to take them. Empty: the one that `find` names. */
  candidates(): Promise<NodeAddress[]>;
  /** False: `find` always names the same. */
  readonly canMove: boolean;
}
