import { join } from 'node:path';
import { Deadline, systemClock } from '@switchyard/kernel';
import type { BundleEvent, TurnInvocation } from '@switchyard/protocol';
import { createMetrics, silentLog } from '@switchyard/telemetry';
import { createRunner } from '../src/create-runner.ts';
import type { BundleCall, BundleLogLine, BundleVersion, Invocation } from '../src/invocation.ts';
import type { RunnerConfig } from '../src/runner-config.ts';
import type { Runner } from '../src/runner.ts';

/** As testkit's; that cannot be imported here, because programs that tests start import this file. */
const PROGRAMS_DIR = join(import.meta.dirname, '../../../.cache/programs');

export const BWRAP = process.env['BWRAP_PATH'] === undefined ? {} : { bwrapPath: process.env['BWRAP_PATH'] };

/** A started runner for one test; stopped with all its hosts at the end of the `await using` block. */
export async function startRunner(config: Partial<RunnerConfig> = {}): Promise<Runner & AsyncDisposable> {
  const runner = createRunner({
    clock: systemClock,
    log: silentLog,
    metrics: createMetrics({ service: 'test' }),
    // `BWRAP_PATH`: for machines where it lies elsewhere.
    config: {
      sandbox: 'permission',
      startMs: 25_000,
      waitMs: 25_000,
      programsDir: PROGRAMS_DIR,
      ...BWRAP,
      ...config,
    },
  });
  await runner.start();
  return Object.assign(runner, { [Symbol.asyncDispose]: () => runner.stop(Deadline.in(2000)) });
}

/** A fixture bundle as a version. `suffix` makes further versions of the same code. */
export function versionOf(bundleId: string, suffix = '1'): BundleVersion {
  const dir = join(import.meta.dirname, 'bundles', bundleId);
  return { bundleId, versionId: `${bundleId}__test__${suffix}`, dir, entry: 'bundle.ts' };
}

export const zoo = versionOf('zoo');

export function turnPayload(message: string, more: Partial<TurnInvocation> = {}): TurnInvocation {
  return {
    turn_id: 'turn-1',
    conversation_id: 'c-1',
    bundle_id: 'zoo',
    message,
    events: [],
    attachments: [],
    history: [],
    user: { user_id: 'u1', username: 'Ada', user_type: 'registered', roles: [] },
    conversation: { is_new: true },
    ...more,
  };
}

/** An invocation that keeps all it hears. */
export interface Recorded extends Invocation {
  readonly events: BundleEvent[];
  readonly calls: BundleCall[];
  readonly logs: BundleLogLine[];
  readonly controller: AbortController;
  answer(): string;
  /** Resolves when the first event came. */
  readonly begun: Promise<void>;
}

export function record(message: string, more: Partial<Invocation> = {}): Recorded {
  const events: BundleEvent[] = [];
  const calls: BundleCall[] = [];
  const logs: BundleLogLine[] = [];
  const controller = new AbortController();
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  return {
    kind: 'turn',
    payload: turnPayload(message),
    signal: controller.signal,
    events,
    calls,
    logs,
    controller,
    begun,
    answer: () =>
      events
        .flatMap((event) => (event.kind === 'delta' && event.marker === 'answer' ? [event.text] : []))
        .join(''),
    onEvent: async (event) => {
      events.push(event);
      begin();
    },
    onCall: async (asked) => {
      calls.push(asked);
      return null;
    },
    onLog: (line) => void logs.push(line),
    ...more,
  };
}

/** Polls for a state that the outside world reaches by itself; the limit is the test's own. */
export async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await new Promise((resolve) => setTimeout(resolve, 10));
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
