import type { RunnerConfig } from '@switchyard/runner';

/** The part of a lease after which a worker gives a claim up by itself; its hosts must have fallen silent by then. */
const SAFE_SHARE = 0.8;
const PINGS_PER_LEASE = 5;
const LONGEST_PING_MS = 1000;

/**
 * When a host that hears nothing of its worker ends itself: before the lease of what it runs is over, since from then on somebody else
 * may run the next turn of the conversation (02, promise 2). Pings come often enough that one lost beat is not silence.
 */
export function decideHostFence(leaseMs: number): Pick<RunnerConfig, 'pingMs' | 'selfFenceMs'> {
  return { pingMs: Math.min(LONGEST_PING_MS, leaseMs / PINGS_PER_LEASE), selfFenceMs: leaseMs * SAFE_SHARE };
}
