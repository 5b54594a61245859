import { PlatformError } from '@switchyard/kernel';
import type { WireError } from '../host/messages.ts';

/** Why a host ended. `stopped` and `drained` were asked for; `fenced` is proc's own silence; the others count against the bundle. */
export type EndReason =
  | 'crashed'
  | 'blocked'
  | 'memory'
  | 'disk'
  | 'protocol'
  | 'overdue'
  | 'start-failed'
  | 'fenced'
  | 'stopped'
  | 'drained';

const FAULTS: ReadonlySet<EndReason> = new Set([
  'crashed',
  'blocked',
  'memory',
  'disk',
  'protocol',
  'start-failed',
]);

export function isFault(reason: EndReason): boolean {
  return FAULTS.has(reason);
}

const SENTENCES: Readonly<Record<EndReason, string>> = {
  crashed: 'the process of the bundle ended by itself',
  blocked: 'the event loop of the bundle stood still',
  memory: 'the bundle went over its memory limit',
  disk: 'the bundle wrote more than its scratch folder may hold',
  protocol: 'the process of the bundle wrote what is no message',
  overdue: 'an invocation went on after its end, and its host was closed',
  'start-failed': 'the process of the bundle could not be started',
  fenced: 'the host heard nothing of its platform and ended itself',
  stopped: 'the platform is shutting down',
  drained: 'the host was drained',
};

/** How a host ended, for the admin's log. Travels as `cause`, so no client sees it. */
export class HostFailure extends Error {
  override readonly name = 'HostFailure';
  readonly reason: EndReason;
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** The last lines that the host wrote. */
  readonly lastLines: readonly string[];

  constructor(end: {
    reason: EndReason;
    exitCode: number | null;
    signal: string | null;
    lastLines: readonly string[];
  }) {
    const how = end.signal === null ? `exit code ${end.exitCode ?? 'unknown'}` : `signal ${end.signal}`;
    super(`${SENTENCES[end.reason]} (${how})`);
    this.reason = end.reason;
    this.exitCode = end.exitCode;
    this.signal = end.signal;
    this.lastLines = end.lastLines;
  }
}

/** What the bundle's own code threw. The stack is the bundle's, not ours. */
export class BundleCodeError extends Error {
  override readonly name = 'BundleCodeError';
  readonly bundleStack: string | undefined;

  constructor(error: WireError) {
    super(error.name === 'Error' ? error.message : `${error.name}: ${error.message}`);
    this.bundleStack = error.stack;
  }
}

/** What the callers of running invocations are told when their host ended. */
export function toCallerError(failure: HostFailure): PlatformError {
  const { reason } = failure;
  if (reason === 'blocked') return PlatformError.of('BUNDLE_BLOCKED', undefined, { cause: failure });
  if (reason === 'stopped' || reason === 'fenced')
    return PlatformError.of('TURN_INTERRUPTED', undefined, { cause: failure });
  if (reason === 'start-failed')
    return PlatformError.of('BUNDLE_UNAVAILABLE', undefined, { cause: failure, retryAfterSec: 1 });
  return PlatformError.of('BUNDLE_CRASHED', undefined, { cause: failure });
}

/** An error that the bundle answered with, for the caller: its text stays in `cause`. */
export function toInvocationError(error: WireError): PlatformError {
  if (error.code === 'invalid_input') {
    return PlatformError.of('UNPROCESSABLE', error.message, { details: { issues: error.issues ?? [] } });
  }
  return PlatformError.of('BUNDLE_ERROR', undefined, { cause: new BundleCodeError(error) });
}

/** The author's and the admin's text of anything that `inspect` or `invoke` rejected with. Never for a user. */
export function describeFailure(error: unknown): string {
  const cause = error instanceof PlatformError && error.cause !== undefined ? error.cause : error;
  if (cause instanceof BundleCodeError) return cause.bundleStack ?? cause.message;
  if (cause instanceof HostFailure) return [cause.message, ...cause.lastLines].join('\n');
  return cause instanceof Error ? cause.message : String(cause);
}
