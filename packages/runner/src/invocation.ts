import type { BundleEvent, BundleLimits } from '@switchyard/protocol';

/** One immutable copy of a bundle on disk; the registry makes them, the runner only reads them. */
export interface BundleVersion {
  readonly bundleId: string;
  /** `{bundle_id}__{ref}__{sha}`; the runner's key: one host per version id. */
  readonly versionId: string;
  /** Absolute folder; the host may read this and nothing beside it. */
  readonly dir: string;
  /** Entry file, relative to `dir`. */
  readonly entry: string;
  /** What an earlier inspect read, or the operator set: known before the host starts, because its flags are fixed then. */
  readonly limits?: BundleLimits;
}

/** The channel carries the word as text, so a further kind needs no new frame. `predict` is for predictors. */
export const INVOCATION_KINDS = [
  'turn',
  'operation',
  'tool',
  'schedule',
  'job',
  'channel',
  'web',
  'predict',
] as const;
export type InvocationKind = (typeof INVOCATION_KINDS)[number];

/** Kinds that take their places from one pool: a flood of one pool leaves the others their own (`decide-place.ts`). */
export const POOLS = ['turn', 'operation', 'web', 'job', 'predict'] as const;
export type PoolName = (typeof POOLS)[number];
export const POOL_OF: Readonly<Record<InvocationKind, PoolName>> = {
  turn: 'turn',
  operation: 'operation',
  tool: 'operation',
  schedule: 'job',
  job: 'job',
  channel: 'web',
  web: 'web',
  predict: 'predict',
};

/** What a bundle asks of the platform: a capability (`documents`) or a part of its turn (`mailbox`). */
export interface BundleCall {
  readonly target: string;
  readonly method: string;
  readonly args: readonly unknown[];
}

export interface BundleLogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly text: string;
}

/** A file that a bundle made, opened by proc. Read it before `onEvent` resolves: it is closed then. */
export interface ProducedFile {
  readonly size: number;
  bytes(): AsyncIterable<Uint8Array>;
}

export interface Invocation {
  readonly kind: InvocationKind;
  /** Operation, tool, schedule, job or channel; a turn and a web request have none. */
  readonly name?: string;
  /** JSON, as `protocol` describes it for the kind; bytes and streams in it go over the byte pipe. */
  readonly payload: unknown;
  /**
   * Milliseconds until the answer; its end is TIMEOUT. A turn is also ended by its bundle's own limits (`wallMs`, `idleMs`:
   * WATCHDOG_TIMEOUT), an operation, job or schedule by the `timeoutMs` of its definition.
   */
  readonly timeoutMs?: number;
  /** Abort rejects `invoke` at once and mutes what the bundle still says. */
  readonly signal: AbortSignal;
  /** Called once, right before the host hears of it: an `invoke` that rejected without it has done nothing. */
  onStart?(): void;
  /** Called one at a time and in order; the next event waits for the promise: that is the back-pressure. */
  onEvent(event: BundleEvent, file?: ProducedFile): Promise<void>;
  /** Calls of one invocation may overlap. Bytes and streams may be in `args` and in what it resolves with. */
  onCall(call: BundleCall): Promise<unknown>;
  onLog(line: BundleLogLine): void;
}
