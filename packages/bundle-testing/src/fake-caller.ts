import type { CapabilityHandlers, CapabilityName, ContinuationItem } from '@switchyard/protocol';

/** For whom a call is answered. */
export interface FakeCaller {
  readonly granted: readonly string[];
  readonly httpHosts: readonly string[];
  readonly userId: string;
  readonly continuations: ContinuationItem[];
  readonly signal: AbortSignal;
}

export type FakeHandlers = { readonly [N in CapabilityName]: CapabilityHandlers<N, FakeCaller> };
