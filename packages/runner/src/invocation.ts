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

/** Kinds that a host answers today; the channel carries the word as text, so a further kind needs no new frame. */
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

export interface Invocation {
  readonly kind: InvocationKind;
  /** Operation or schedule; a turn has none. */
  readonly name?: string;
  /** JSON: a `TurnInvocation` for a turn. */
  readonly payload: unknown;
  /** Abort rejects `invoke` at once and mutes what the bundle still says. */
  readonly signal: AbortSignal;
  /** Called one at a time and in order; the next event waits for the promise: that is the back-pressure. */
  onEvent(event: BundleEvent): Promise<void>;
  /** Calls of one invocation may overlap. */
  onCall(call: BundleCall): Promise<unknown>;
  onLog(line: BundleLogLine): void;
}
