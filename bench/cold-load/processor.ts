// oxlint-disable import/no-default-export -- BullMQ runs the default export
import type { Job } from 'bullmq';

export default async function run(job: Job<{ bundle: string }>): Promise<string> {
  await import('@switchyard/bundle-sdk');
  await import(job.data.bundle);
  return 'loaded';
}
