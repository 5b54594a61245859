import { z } from 'zod';

/** `response-{id}-{n}.json`. A host is not trusted: what does not fit fails its prediction. */
export const hostResponseSchema = z.object({
  status: z.enum(['starting', 'processing', 'succeeded', 'failed', 'canceled']),
  output: z.unknown().optional(),
  /** With `incremental`: how many outputs came before those of this file. Other hosts tell all so far in each. */
  output_from: z.number().int().nonnegative().optional(),
  /** By JSON pointer into `output`: paths of files. Other hosts mark none. */
  files: z.record(z.string(), z.string()).optional(),
  error: z.string().nullish(),
  metrics: z.record(z.string(), z.unknown()).optional(),
});
export type HostResponse = z.output<typeof hostResponseSchema>;
