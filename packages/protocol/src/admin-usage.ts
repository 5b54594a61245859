import { z } from 'zod';

const USAGE_DIMENSIONS = ['user', 'bundle', 'provider', 'model', 'day', 'source'] as const;
const MAX_RANGE_DAYS = 400;
const DAY_MS = 24 * 3600 * 1000;

const moment = z.iso.date().or(z.iso.datetime({ offset: true }));

/** `by=user,day`; `from` is in it, `to` is not; both are days (UTC) or moments. Without them: the last 30 days, and today. */
export const adminUsageQuerySchema = z
  .object({
    by: z
      .string()
      .default('day')
      .transform((text) => (text === '' ? [] : text.split(',')))
      .pipe(z.array(z.enum(USAGE_DIMENSIONS)).max(USAGE_DIMENSIONS.length))
      .refine((names) => new Set(names).size === names.length, { message: 'names one twice' }),
    from: moment.optional(),
    to: moment.optional(),
    user_id: z.string().min(1).max(256).optional(),
    bundle_id: z.string().min(1).max(128).optional(),
    model: z.string().min(1).max(200).optional(),
    limit: z.coerce.number().int().min(1).max(1000).default(200),
    offset: z.coerce.number().int().min(0).max(1_000_000).default(0),
  })
  .refine(
    ({ from, to }) => {
      if (from === undefined || to === undefined) return true;
      const lengthMs = Date.parse(to) - Date.parse(from);
      return lengthMs > 0 && lengthMs <= MAX_RANGE_DAYS * DAY_MS;
    },
    { path: ['to'], message: `has to be after \`from\`, by ${MAX_RANGE_DAYS} days at most` },
  );

const count = z.number().int().min(0);
const sums = {
  calls: count,
  input_tokens: count,
  /** Of `input_tokens`: what the provider had in its cache. */
  cached_tokens: count,
  output_tokens: count,
  /** Of the calls whose price was known; null: of none. */
  cost: z.number().nullable(),
  calls_without_cost: count,
};

export const adminUsageSchema = z.object({
  from: z.string(),
  to: z.string(),
  by: z.array(z.enum(USAGE_DIMENSIONS)),
  /** `user` null: work that nobody asked for, as a schedule's. */
  items: z.array(
    z.object({
      user: z.string().nullable().optional(),
      bundle: z.string().optional(),
      provider: z.string().optional(),
      model: z.string().optional(),
      day: z.string().optional(),
      source: z.enum(['platform', 'bundle']).optional(),
      ...sums,
    }),
  ),
  /** Over all items, not only those of this page. */
  total: z.object(sums),
  next_offset: count.nullable(),
});
export type AdminUsage = z.output<typeof adminUsageSchema>;
