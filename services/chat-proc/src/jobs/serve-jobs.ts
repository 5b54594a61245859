import type { BackgroundJobs } from '@switchyard/jobs';
import type { Bundles } from '@switchyard/store';
import type { Log } from '@switchyard/telemetry';

export interface ServeJobsParts {
  readonly jobs: Pick<BackgroundJobs, 'add'>;
  readonly bundles: Pick<Bundles, 'list' | 'findVersion'>;
  readonly log: Log;
}

/**
 * Adds the jobs that say `onServe` for every version that serves. All workers do so, at their start and whenever the registry changed: the
 * key of a job names the activation, so that one activation is one job whoever saw it. A job that the platform has forgotten since comes again.
 */
export function createServeJobs({ jobs, bundles, log }: ServeJobsParts): () => Promise<void> {
  return async () => {
    for (const { bundle_id: bundleId, version: serving } of await bundles.list()) {
      const declared = Object.entries(serving?.manifest?.jobs ?? {}).filter(
        ([, job]) => job.onServe === true,
      );
      if (serving === null || declared.length === 0) continue;
      const activation = (await bundles.findVersion(serving.version_id))?.activated_at?.getTime() ?? 0;
      for (const [name, { attempts, backoff }] of declared) {
        const dedupeKey = `serve/${serving.version_id}/${activation}`;
        const job = {
          kind: 'job',
          bundleId,
          name,
          dedupeKey,
          data: {},
          maxAttempts: attempts,
          backoff,
          delayMs: 0,
        } as const;
        // A line that is full is its own bundle's, never that of the others.
        await jobs.add(job).catch((error: unknown) => {
          log.warn('job of a served version could not be added', { bundle_id: bundleId, name, error });
        });
      }
    }
  };
}
