import { constants } from 'node:os';
import type { EndReason } from './host-failure.ts';
import type { HostState } from './host-state.ts';

export interface HostExit {
  readonly exitCode: number | null;
  readonly signal: string | null;
}

/** As in host/main.ts: the host ended itself because proc was silent. */
const ABANDONED = 75;

/** Bubblewrap reports the signal that ended its child as 128 + number. */
export function readExit(code: number | null, signal: string | null): HostExit {
  if (signal !== null || code === null || code <= 128) return { exitCode: code, signal };
  const found = Object.entries(constants.signals).find(([, number]) => number === code - 128);
  return found === undefined ? { exitCode: code, signal } : { exitCode: null, signal: found[0] };
}

/** Why a host ended that nobody killed: by what it was doing, and how it went. */
export function decideEndReason(state: HostState, running: number, exit: HostExit): EndReason {
  if (state === 'draining' && running === 0 && exit.exitCode === 0) return 'drained';
  if (exit.exitCode === ABANDONED) return 'fenced';
  return state === 'starting' ? 'start-failed' : 'crashed';
}
