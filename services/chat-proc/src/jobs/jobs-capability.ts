import type { Capability, CapabilityCaller } from '@switchyard/capabilities';
import { PlatformError } from '@switchyard/kernel';
import type { BackgroundJobs } from '@switchyard/jobs';
import { CAPABILITY_CATALOG } from '@switchyard/protocol';
import type { Bundles } from '@switchyard/store';

export interface JobsCapabilityParts {
  readonly jobs: Pick<BackgroundJobs, 'add'>;
  readonly bundles: Pick<Bundles, 'findVersion'>;
}

/** `ctx.jobs.add`: attempts and pauses are those of the version that adds; what runs later is the version that serves then. */
export function createJobsCapability({ jobs, bundles }: JobsCapabilityParts): Capability {
  const { args } = CAPABILITY_CATALOG.jobs.methods.add;
  const add = async (caller: CapabilityCaller, given: readonly unknown[]) => {
    const checked = args.safeParse(given);
    if (!checked.success)
      throw PlatformError.of('INVALID_REQUEST', `Wrong arguments: ${checked.error.issues[0]?.message ?? ''}`);
    const [name, data, { idempotencyKey, delayMs }] = checked.data;
    const declared = (await bundles.findVersion(caller.versionId))?.manifest?.jobs ?? {};
    const job = Object.hasOwn(declared, name) ? declared[name] : undefined;
    if (job === undefined) throw PlatformError.of('INVALID_REQUEST', `The bundle declares no job "${name}".`);
    const { jobId, isNew } = await jobs.add({
      kind: 'job',
      bundleId: caller.bundleId,
      name,
      dedupeKey: idempotencyKey,
      data,
      maxAttempts: job.attempts,
      backoff: job.backoff,
      delayMs,
    });
    return { job_id: jobId, is_new: isNew };
  };
  return { name: 'jobs', methods: { add } };
}
