import { z } from 'zod';
import { citationSchema, usageSchema } from './bundle-event.ts';
import { EVENT_STATUSES } from './chat-envelope.ts';
import { turnTimingSchema } from './turn-timing.ts';

/** What history keeps of an answer: the row's `answer`. Everything in it is bounded by whoever fills it. */
export const turnRecordSchema = z.object({
  v: z.literal(1),
  final_answer: z.string(),
  thinking: z.string().optional(),
  steps: z
    .array(
      z.object({
        name: z.string(),
        status: z.enum(EVENT_STATUSES),
        title: z.string().optional(),
        data: z.record(z.string(), z.unknown()).optional(),
        ts: z.number().int(),
      }),
    )
    .default([]),
  citations: z.array(citationSchema).default([]),
  followups: z.array(z.string()).default([]),
  files: z
    .array(z.object({ filename: z.string(), mime: z.string(), size: z.number().int(), sha256: z.string() }))
    .default([]),
  usage: z.array(usageSchema).default([]),
  bundle_version: z.string().optional(),
  timing: turnTimingSchema.optional(),
});
export type TurnRecord = z.output<typeof turnRecordSchema>;
