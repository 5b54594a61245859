import { z } from 'zod';
import type { CapabilityMethodSpec } from './capability-method.ts';
import { CAPABILITY_LIMITS, page, prefix, read, write } from './capability-method.ts';
import { sitePlanSchema, siteProblemSchema } from './site-plan.ts';
import { bytesSchema, wireResponseSchema } from './wire-http.ts';
import { webScopeSchema } from './web-scope.ts';

const siteFile = z.object({
  path: z.string(),
  size: z.number().int(),
  content_type: z.string(),
  sha256: z.string(),
});
const siteDeploy = z.object({
  id: z.string(),
  created_at: z.string(),
  created_by: z.string(),
  is_active: z.boolean(),
  files: z.number().int(),
  bytes: z.number().int(),
  url: z.string(),
  /** What its rules have wrong, by file and line. */
  problems: z.array(siteProblemSchema),
});
// What is wrong with a path of a site is answered as a value, so the schema lets any text through.
const sitePath = z.string().max(CAPABILITY_LIMITS.maxPathCharacters * 2);
const scoped = { scope: webScopeSchema.optional() };
const scopeAlone = z.strictObject(scoped).prefault({});
/** Wrong arguments of `web` are values, by 05; a scope violation rejects. */
const orError = <T extends z.ZodType>(schema: T) => z.union([schema, z.object({ error: z.string() })]);

/** The capabilities of sites: `web` for every publisher, `web.serve` for the gateway. */
export const WEB_CAPABILITIES = {
  web: {
    summary: 'Publishes sites, and answers their dynamic requests.',
    methods: {
      publish: write(
        'Puts one file into a new deploy of the site and activates it.',
        z.tuple([
          sitePath,
          z.union([z.string(), bytesSchema]),
          z
            .strictObject({
              contentType: z.string().max(256).optional(),
              encoding: z.literal('base64').optional(),
              ...scoped,
            })
            .prefault({}),
        ]),
        orError(z.object({ path: z.string(), version: z.string(), created: z.boolean() })),
      ),
      unpublish: write(
        'Takes one file out.',
        z.tuple([sitePath, scopeAlone]),
        orError(z.object({ path: z.string(), deleted: z.boolean() })),
      ),
      respond: write(
        'Answers a request of `io:web:request`. The first answer wins; a later one gets its status back.',
        z.tuple([z.string().min(1).max(128), wireResponseSchema.partial({ headers: true, body: true })]),
        orError(z.object({ request_id: z.string(), status: z.number().int() })),
      ),
      list: read(
        'Files of the active deploy.',
        z.tuple([prefix, z.strictObject({ ...page, ...scoped }).prefault({})]),
        z.object({ items: z.array(siteFile), next_cursor: z.string().optional() }),
      ),
      url: read('The address of a path of the site.', z.tuple([prefix, scopeAlone]), z.string()),
      deploy: write(
        'Replaces all files of the site at once; with `pathPrefix` in the scope, those below it.',
        z.tuple([
          z
            .array(
              z.strictObject({
                path: sitePath,
                content: z.union([z.string(), bytesSchema]),
                contentType: z.string().max(256).optional(),
              }),
            )
            .max(2000),
          scopeAlone,
        ]),
        orError(siteDeploy),
      ),
      deploys: read('Former and active deploys, newest first.', z.tuple([scopeAlone]), z.array(siteDeploy)),
      rollback: write(
        'Activates a former deploy.',
        z.tuple([z.string().min(1).max(128), scopeAlone]),
        orError(siteDeploy),
      ),
      route: write(
        'Declares a dynamic route of the site, which this bundle answers.',
        z.tuple([
          z.string().min(1).max(500),
          z
            .strictObject({
              methods: z.array(z.string().max(16)).max(16).optional(),
              timeoutMs: z.number().int().min(1).optional(),
              forwardAuthorization: z.boolean().default(false),
              ...scoped,
            })
            .prefault({}),
        ]),
        orError(z.object({ pattern: z.string() })),
      ),
      purge: write(
        'Forgets the kept answers of this bundle that carry one of these tags (`Cache-Tag`), in every worker.',
        z.tuple([z.array(z.string().min(1).max(200)).min(1).max(100)]),
        z.object({ purged: z.literal(true) }),
      ),
    },
  },
  'web.serve': {
    summary: 'For the web gateway: says how the requests of a deploy are answered (`io:web:plan`).',
    methods: {
      files: read(
        'Files of the deploy whose plan is wanted, in the order of their paths.',
        z.tuple([z.string().min(1).max(128), z.strictObject(page).prefault({})]),
        z.object({ items: z.array(siteFile), next_cursor: z.string().optional() }),
      ),
      read: read(
        'The text of one of these files, 256 Ki characters at most; null when there is none.',
        z.tuple([z.string().min(1).max(128), sitePath]),
        z.string().nullable(),
      ),
      plan: write(
        'The plan. The first one of a question counts; false: it came too late.',
        z.tuple([z.string().min(1).max(128), sitePlanSchema]),
        z.boolean(),
      ),
    },
  },
} as const satisfies Record<string, { summary: string; methods: Record<string, CapabilityMethodSpec> }>;
