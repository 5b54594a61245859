import { z } from 'zod';

/** A field name and a value as HTTP takes them: nothing that could end a line. */
export const headerPairSchema = z.tuple([
  z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/),
  z
    .string()
    .max(4000)
    .regex(/^[\t\x20-\x7e\x80-\xff]*$/),
]);

/** As in the rules of a site: `/a/*` takes the rest as `splat`, `/a/:id` one segment. One `*` at most. */
export const sitePatternSchema = z
  .string()
  .min(1)
  .max(500)
  .regex(/^\/[^\s?#\\]*$/);

/** Counted from 1; what an author is shown when a deploy is made. */
export const siteProblemSchema = z.object({
  file: z.string().max(200),
  line: z.number().int().nonnegative(),
  message: z.string().max(500),
});
export type SiteProblem = z.output<typeof siteProblemSchema>;

export const SITE_PLAN_LIMITS = { maxRules: 2100, maxPaths: 50_000, maxProblems: 200 } as const;
const LIMITS = SITE_PLAN_LIMITS;

const headerRuleSchema = z.strictObject({
  pattern: sitePatternSchema,
  set: z.array(headerPairSchema).max(50),
  unset: z.array(z.string().max(128)).max(50).default([]),
});

const redirectRuleSchema = z.strictObject({
  from: sitePatternSchema,
  /** Parameters that must be there: `:name` keeps the value, anything else must be equal to it. */
  query: z
    .array(z.tuple([z.string().max(200), z.string().max(500)]))
    .max(20)
    .default([]),
  /** A path of the site or, for 301 to 308, an address. Placeholders as `:splat` and `:name`. */
  to: z
    .string()
    .min(1)
    .max(2000)
    .regex(/^(\/|https?:\/\/)[^\s\\]*$/),
  status: z.union([
    z.literal(200),
    z.literal(301),
    z.literal(302),
    z.literal(303),
    z.literal(307),
    z.literal(308),
    z.literal(404),
  ]),
  /** Also where a file of that path is there. */
  isForced: z.boolean().default(false),
});

/**
 * How the requests of one deploy are answered, as its gateway says. The platform carries it out without asking again: a plan is data, and
 * holds nothing that could run (no expressions), because whoever made it is a bundle.
 */
export const sitePlanSchema = z.strictObject({
  v: z.literal(1),
  /** Served for a path that ends in a slash; null: folders have no page. */
  index: z.string().min(1).max(100).nullable(),
  /** Tried behind a path that names no file, as `.html`. */
  extensions: z.array(z.string().regex(/^\.[a-z0-9]{1,10}$/)).max(5),
  /** The nearest file of this name above a path that is not there, with 404; null: the platform's own page. */
  notFound: z.string().min(1).max(100).nullable(),
  /** What a navigation gets that finds nothing, with 200; null: 404. */
  fallback: z.string().min(1).max(1000).nullable(),
  headers: z.array(headerRuleSchema).max(LIMITS.maxRules),
  redirects: z.array(redirectRuleSchema).max(LIMITS.maxRules),
  /** Files whose name changes with their content. */
  immutable: z.array(z.string().max(1000)).max(LIMITS.maxPaths),
  /** Files that are rules and no pages: never served. */
  hidden: z.array(z.string().max(1000)).max(100),
  problems: z.array(siteProblemSchema).max(LIMITS.maxProblems),
});
export type SitePlan = z.output<typeof sitePlanSchema>;
export type SitePlanHeaderRule = SitePlan['headers'][number];
export type SitePlanRedirect = SitePlan['redirects'][number];

/** On the event channel `io:web:plan`: a deploy whose plan is wanted, by `web.serve`. */
export interface WebPlanMessage {
  /** Names the question in the calls of `web.serve`. */
  plan_id: string;
  site: string;
  deploy_id: string;
  settings: { spa: boolean; cleanUrls: boolean };
}
