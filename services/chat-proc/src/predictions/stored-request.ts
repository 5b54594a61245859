import type { InvocationUser } from '@switchyard/protocol';
import { z } from 'zod';

/** What a worker needs to run a prediction, as it stands in the row of one that waits. */
export const storedRequestSchema = z.object({
  input: z.record(z.string(), z.unknown()),
  context: z.record(z.string(), z.string()),
  events: z.array(z.enum(['start', 'output', 'logs', 'completed'])),
  outputFilePrefix: z.string().optional(),
  webhook: z.string().optional(),
  trace: z.record(z.string(), z.string()),
  user: z.custom<InvocationUser>(),
  sessionId: z.string().optional(),
});
export type StoredRequest = z.output<typeof storedRequestSchema>;
