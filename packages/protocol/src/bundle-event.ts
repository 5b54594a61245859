import { z } from 'zod';
import { EVENT_STATUSES } from './chat-envelope.ts';

/** A source that an answer quotes. `id` is what the text refers to: `[1]`. */
export const citationSchema = z.object({
  id: z.number().int().positive(),
  title: z.string().max(500),
  quote: z.string().max(4000).optional(),
  path: z.string().max(1000).optional(),
  anchor: z.string().max(500).optional(),
  url: z.string().max(2000).optional(),
});
export type Citation = z.output<typeof citationSchema>;

export const usageSchema = z.object({
  provider: z.string().max(100),
  model: z.string().max(200),
  input_tokens: z.number().int().nonnegative(),
  output_tokens: z.number().int().nonnegative(),
  /** Of `input_tokens`: those that the provider had in its cache. */
  cached_tokens: z.number().int().nonnegative().optional(),
  cost: z.number().nonnegative().optional(),
});
export type Usage = z.output<typeof usageSchema>;

const jsonObject = z.record(z.string(), z.unknown());

/** What a bundle's communicator emits, as it crosses the host channel. Checked in proc: a host is not trusted. */
export const bundleEventSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('delta'),
    text: z.string(),
    marker: z.string().max(64),
    completed: z.boolean().optional(),
  }),
  z.object({
    kind: z.literal('step'),
    name: z.string().min(1).max(128),
    status: z.enum(EVENT_STATUSES),
    title: z.string().max(500).optional(),
    data: jsonObject.optional(),
  }),
  z.object({ kind: z.literal('citations'), items: z.array(citationSchema).max(200) }),
  z.object({ kind: z.literal('followups'), items: z.array(z.string().max(500)).max(20) }),
  z.object({ kind: z.literal('title'), title: z.string().min(1).max(200) }),
  z.object({
    kind: z.literal('file'),
    filename: z.string().min(1).max(255),
    mime: z.string().max(256),
    path: z.string().max(1000),
  }),
  z.object({ kind: z.literal('service'), type: z.string().min(1).max(128), data: jsonObject }),
  z.object({
    kind: z.literal('event'),
    type: z.string().min(1).max(128),
    data: jsonObject,
    title: z.string().max(500).optional(),
  }),
  z.object({ kind: z.literal('usage'), usage: usageSchema }),
  // Live updates: to every stream of the caller's session, or of the whole project.
  z.object({
    kind: z.literal('notify'),
    to: z.enum(['session', 'project']),
    type: z.string().min(1).max(128),
    data: jsonObject,
  }),
]);
export type BundleEvent = z.output<typeof bundleEventSchema>;
