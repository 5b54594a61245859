import type { Capabilities, CapabilityCaller } from '@switchyard/capabilities';
import { PlatformError } from '@switchyard/kernel';
import type { BundleEvent, InvocationUser, Usage } from '@switchyard/protocol';
import type { BundleHold, Registry } from '@switchyard/registry';
import { describeFailure } from '@switchyard/runner';
import type { Invocation, InvocationKind, Runner } from '@switchyard/runner';
import type { Log } from '@switchyard/telemetry';
import { capabilityUserOf } from './capability-user.ts';
import { holdResponseUntilRead, holdUntilRead } from './hold-until-read.ts';
import type { StoreUsage, UsedFor } from '../usage/store-usage.ts';
import type { PublishNotice } from './publish-notice.ts';

/** One call of a bundle that is no turn: an operation, a tool, a tick of a schedule, a job, a request of a site. */
export interface BundleRequest {
  readonly kind: Exclude<InvocationKind, 'turn'>;
  /** Operation, tool, schedule, job or channel. */
  readonly name?: string;
  /** As `protocol` describes it for the kind. */
  readonly payload: unknown;
  /** For whom capabilities act. The platform's own work (a schedule) has none: then nothing of a user can be reached. */
  readonly user?: InvocationUser;
  /** Where `notify('session', ...)` goes. */
  readonly sessionId?: string;
  /** How many bundles called each other before this call; 0 without. */
  readonly depth?: number;
  /** Milliseconds until the answer; its end is TIMEOUT. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Of a prediction, whose events and lines are its own; without them lines are the log's, and only notes and usage can be said. */
  readonly own?: Pick<Invocation, 'onEvent' | 'onLog'>;
  /** From then on the bundle may have done something. */
  readonly onStart?: () => void;
}

export interface BundleInvokerParts {
  readonly registry: Pick<Registry, 'hold'>;
  readonly runner: Pick<Runner, 'invoke'>;
  readonly capabilities: Capabilities;
  readonly publishNotice: PublishNotice;
  readonly storeUsage: StoreUsage;
  readonly log: Log;
}

export interface BundleInvoker {
  /**
   * The version that serves now, kept until its `release`. Rejects BUNDLE_UNAVAILABLE: no version of it serves here.
   *
   * @param bundleId without it, the default bundle
   */
  hold(bundleId: string | undefined): Promise<BundleHold>;
  /**
   * One call of a held version, which it releases when the call is over; where the answer streams, at the end of its body. Rejects
   * as `Runner.invoke` does.
   */
  run(hold: BundleHold, request: BundleRequest): Promise<unknown>;
  /** Both at once. */
  invoke(bundleId: string | undefined, request: BundleRequest): Promise<unknown>;
}

export function createBundleInvoker(parts: BundleInvokerParts): BundleInvoker {
  const run = async (hold: BundleHold, request: BundleRequest): Promise<unknown> => {
    const { version } = hold;
    const { bundleId, versionId } = version;
    const usedFor = { userId: request.user?.user_id, bundleId, versionId };
    // Both are made when they are first needed: most calls of operations write no line and ask for nothing.
    let log: Log | undefined;
    let asking: ReturnType<typeof askingFor> | undefined;
    const logOf = (): Log => (log ??= childLog(parts.log, versionId, request));
    const onUsage = (usage: Usage) => keepUsage(usage, 'platform', usedFor, logOf());
    let isOver = false;
    const callerOf = (): CapabilityCaller => {
      asking ??= askingFor(hold, request, onUsage);
      if (isOver) asking.over.abort(PlatformError.of('CANCELLED', 'The call is over.'));
      return asking.caller;
    };
    const end = (): void => {
      // With the last byte of its answer, or with its failure: what it asked for and did not wait for ends too.
      isOver = true;
      request.signal.removeEventListener('abort', end);
      asking?.over.abort(PlatformError.of('CANCELLED', 'The call is over.'));
      hold.release();
    };
    try {
      const { kind, name, payload, timeoutMs, signal, onStart } = request;
      const value = await parts.runner.invoke(version, {
        kind,
        ...(name === undefined ? {} : { name }),
        payload,
        timeoutMs,
        signal,
        ...(onStart === undefined ? {} : { onStart }),
        onEvent: (event, file) =>
          request.own !== undefined && event.kind !== 'notify' && event.kind !== 'usage'
            ? request.own.onEvent(event, file)
            : take(event, request, usedFor, logOf),
        onCall: (call) => parts.capabilities.call(callerOf(), hold.manifest.capabilities, call),
        onLog: (line) =>
          request.own === undefined
            ? logOf()[line.level]('bundle wrote', { text: line.text })
            : request.own.onLog(line),
      });
      const held = kind === 'web' ? holdResponseUntilRead(value, end) : holdUntilRead(value, end);
      // Whoever leaves reads no further, and what streams to him is over.
      if (!isOver) signal.addEventListener('abort', end, { once: true });
      return held;
    } catch (error) {
      end();
      if (!request.signal.aborted)
        logOf().warn('invocation failed', { reason: describeFailure(error), error });
      throw withoutText(error);
    }
  };

  /** Never rejects: an answer is worth more than its bill, which is in the log then. */
  const keepUsage = async (
    usage: Usage,
    source: 'platform' | 'bundle',
    usedFor: UsedFor,
    log: Log,
  ): Promise<void> => {
    log.info('bundle used a model', { usage, source });
    await parts
      .storeUsage(usage, source, usedFor)
      .catch((error: unknown) => log.warn('usage of a model could not be stored', { usage, error }));
  };

  const take = async (
    event: BundleEvent,
    { sessionId }: BundleRequest,
    usedFor: UsedFor,
    logOf: () => Log,
  ): Promise<void> => {
    if (event.kind === 'notify')
      return parts.publishNotice({ ...event, bundleId: usedFor.bundleId, sessionId });
    if (event.kind === 'usage') return keepUsage(event.usage, 'bundle', usedFor, logOf());
    throw PlatformError.of('BUNDLE_ERROR', `Only a turn can say "${event.kind}".`);
  };

  return {
    hold: (bundleId) => parts.registry.hold(bundleId),
    run,
    invoke: async (bundleId, request) => run(await parts.registry.hold(bundleId), request),
  };
}

function childLog(log: Log, versionId: string, { kind, name }: BundleRequest): Log {
  return log.child({ version_id: versionId, kind, ...(name === undefined ? {} : { name }) });
}

/** For whom capabilities act in this call; `over` ends what they still do. */
function askingFor(
  { version: { bundleId, versionId }, manifest }: BundleHold,
  { user, sessionId, depth, signal }: BundleRequest,
  onUsage: (usage: Usage) => Promise<void>,
) {
  const over = new AbortController();
  const caller: CapabilityCaller = {
    bundleId,
    versionId,
    user: user === undefined ? undefined : capabilityUserOf(user),
    sessionId,
    depth: depth ?? 0,
    signal: AbortSignal.any([signal, over.signal]),
    httpHosts: manifest.httpHosts,
    ...(manifest.webScope === undefined ? {} : { webScope: manifest.webScope }),
    secretNames: manifest.secrets,
    onUsage,
  };
  return { caller, over };
}

/** What an author did wrong is for the log, and for nobody who calls. */
function withoutText(error: unknown): unknown {
  const isAuthors = error instanceof PlatformError && error.code === 'BUNDLE_ERROR';
  return isAuthors ? PlatformError.of('BUNDLE_ERROR', undefined, { cause: error.cause ?? error }) : error;
}
