import { z } from 'zod';

const ms = z.number().min(0);

/**
 * Where the time of a turn went, in milliseconds: `extra.timing` of `chat_start` and of the terminal event (11). Clients that do not
 * know it ignore it. `queue` is the difference of two machines' clocks, for showing; the others are of one.
 */
export const turnTimingSchema = z.object({
  /** From the request to the accepted message. */
  ingress_ms: ms.optional(),
  /** From there to the claim: row, lane, waiting. */
  queue_ms: ms.optional(),
  /** From the claim to the start: history, bundle, row. */
  claim_ms: ms.optional(),
  /** From the call of the bundle's host to its first word of any kind. */
  host_ms: ms.optional(),
  /** From the same call to the first piece of the answer. */
  first_delta_ms: ms.optional(),
  /** Until that piece was in the log and published. */
  relay_ms: ms.optional(),
});
export type TurnTiming = z.output<typeof turnTimingSchema>;
/** Names of the parts, as metrics and `Server-Timing` have them. */
export type TurnPart = 'ingress' | 'queue' | 'claim' | 'host' | 'first_delta' | 'relay';
