import type { BundleEvent, BundleManifest } from '@switchyard/protocol';

/** How the host reaches the platform for one invocation. The SDK turns it into `turn` and `ctx`. */
export interface HostPort {
  /** Resolves when there is room for more; rejects after an abort. */
  emit(event: BundleEvent): Promise<void>;
  /** Bytes and streams in `args`, and in what it resolves with, travel over the byte pipe. */
  call(target: string, method: string, args: readonly unknown[]): Promise<unknown>;
  readonly signal: AbortSignal;
  /** The invocation does not end before this has settled. */
  waitUntil(work: Promise<unknown>): void;
  /** Makes the invocation's scratch folder when it is first called. */
  scratchDir(): string;
}

/**
 * What the host does with a loaded bundle. The host knows this contract and nothing else of the SDK; the SDK knows nothing of
 * processes and channels.
 */
export interface BundleRuntime {
  readonly contract: 2;
  manifest(): BundleManifest;
  /** `props`: what differs from the defaults. Rejects when they do not fit the schema. */
  load(props: unknown): Promise<void>;
  setProps(props: unknown): Promise<void>;
  /** What it resolves with may hold bytes and streams; the host waits for their end. */
  invoke(invocation: { kind: string; name?: string; payload: unknown }, port: HostPort): Promise<unknown>;
  unload(): Promise<void>;
}

/** Under this key of the default export; from the global registry, because the host does not import the SDK. */
export const RUNTIME: unique symbol = Symbol.for('switchyard.bundle-runtime') as never;

/** What `defineBundle` gives: to be exported as default, nothing else to be done with it. */
export interface Bundle {
  readonly id: string;
  readonly [RUNTIME]: BundleRuntime;
}

/** Input that does not fit a schema; `issues` name the paths. The host sends the code on. */
export class InvalidInputError extends Error {
  readonly code = 'invalid_input';
  readonly issues: readonly { path: string; message: string }[];
  constructor(issues: readonly { path: string; message: string }[]) {
    super(
      `input does not fit: ${issues.map((issue) => `${issue.path || '(input)'}: ${issue.message}`).join('; ')}`,
    );
    this.issues = issues;
  }
}
