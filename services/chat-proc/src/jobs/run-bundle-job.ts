import { PlatformError } from '@switchyard/kernel';
import type { JobOutcome, JobRow, Webhooks } from '@switchyard/jobs';
import type { JobInvocation, ScheduleInvocation } from '@switchyard/protocol';
import type { BundleHold } from '@switchyard/registry';
import { describeFailure } from '@switchyard/runner';
import type { Bundles } from '@switchyard/store';
import { z } from 'zod';
import type { BundleInvoker } from '../invocations/invoke-bundle.ts';

export interface RunBundleJobParts {
  readonly invoker: Pick<BundleInvoker, 'hold' | 'run'>;
  readonly bundles: Pick<Bundles, 'find'>;
  readonly deliver: Webhooks['deliver'];
  /** For a job or a schedule that names no limit. */
  readonly timeoutMs: number;
}

const tickSchema = z.object({ tick: z.string() });

/** One start of a job or a tick, on the version that serves now, whichever it was when the job was added. */
export async function runBundleJob(
  { invoker, bundles, deliver, timeoutMs }: RunBundleJobParts,
  row: JobRow,
  signal: AbortSignal,
): Promise<JobOutcome> {
  if (row.kind === 'webhook') return deliver(row, signal);
  const { kind, name, bundle_id: bundleId } = row;
  try {
    const hold = await invoker.hold(bundleId);
    const parts = kind === 'job' ? hold.manifest.jobs : hold.manifest.schedules;
    const part = Object.hasOwn(parts, name) ? parts[name] : undefined;
    if (part === undefined) return missing(hold, row);
    const payload = kind === 'job' ? jobPayload(row) : tickPayload(row);
    await invoker.run(hold, {
      kind: kind === 'job' ? 'job' : 'schedule',
      name,
      payload,
      timeoutMs: part.timeoutMs ?? timeoutMs,
      signal,
    });
    return { kind: 'done' };
  } catch (error) {
    if (isUnavailable(error) && (await bundles.find(bundleId)) === undefined)
      return { kind: 'final', error: 'The bundle was removed.' };
    // Both are said before a line of the bundle ran.
    if (isUnavailable(error) || isDraining(error))
      return { kind: 'unavailable', error: describeFailure(error) };
    // The author's words are for the admin, who sees these rows; callers never do.
    const cause = error instanceof PlatformError && error.code === 'BUNDLE_ERROR' ? error.cause : undefined;
    return { kind: 'failed', error: describeFailure(cause ?? error) };
  }
}

function missing(hold: BundleHold, { kind, name }: JobRow): JobOutcome {
  hold.release();
  return { kind: 'final', error: `${hold.version.versionId} has no ${kind} "${name}".` };
}

function jobPayload({ job_id, data, attempt, max_attempts }: JobRow): JobInvocation {
  return { job_id, data, attempt, max_attempts };
}

function tickPayload({ data }: JobRow): ScheduleInvocation {
  return tickSchema.parse(data);
}

function isDraining(error: unknown): boolean {
  return error instanceof PlatformError && error.code === 'DRAINING';
}

function isUnavailable(error: unknown): boolean {
  return error instanceof PlatformError && error.code === 'BUNDLE_UNAVAILABLE';
}
