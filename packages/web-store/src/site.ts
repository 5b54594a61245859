import { idSchema, userTypeSchema } from '@switchyard/protocol';
import { z } from 'zod';

/** Who may read a site. It is asked before anything of it is served, static or dynamic. */
export const siteAccessSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('public') }),
  /** Everybody who is signed in at the platform. */
  z.strictObject({ kind: z.literal('users') }),
  z.strictObject({ kind: z.literal('userTypes'), userTypes: z.array(userTypeSchema).min(1) }),
  /** `team`: origin of the team, as `https://acme.cloudflareaccess.com`; `audience`: the AUD tag of the application. */
  z.strictObject({
    kind: z.literal('cloudflareAccess'),
    team: z.url().max(500),
    audience: z.string().min(1).max(500),
  }),
]);
export type SiteAccess = z.output<typeof siteAccessSchema>;

const headerName = z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/);
const methodName = z.string().regex(/^[A-Z]{1,16}$/);

/** What other origins may ask of the dynamic routes. */
export const siteCorsSchema = z.strictObject({
  /** Origins, as `https://app.example.com`; `*`: any, which excludes `credentials`. */
  origins: z.array(z.string().min(1).max(300)).min(1).max(100),
  methods: z.array(methodName).max(16).default(['GET', 'HEAD', 'POST']),
  headers: z.array(headerName).max(50).default([]),
  credentials: z.boolean().default(false),
  maxAgeSec: z.number().int().min(0).max(86_400).default(600),
});
export type SiteCors = z.output<typeof siteCorsSchema>;

/** A part of a site that bundles answer. `pattern`: `/api/*`, `/orders/:id`; a `*` at its end takes the rest. */
export const dynamicRouteSchema = z.strictObject({
  pattern: z
    .string()
    .max(500)
    .regex(/^\/[^\s?#\\]*$/),
  /** Undefined: all of them. */
  methods: z.array(methodName).max(16).optional(),
  /** Milliseconds until 504; undefined: the site's. */
  timeoutMs: z.number().int().min(1).max(3_600_000).optional(),
  /** Whether `Authorization` and the platform's cookies reach the handler. */
  forwardAuthorization: z.boolean().default(false),
  /** The bundle that declared it and answers; undefined: whoever is subscribed for site, path and method. */
  bundleId: idSchema.optional(),
});
export type DynamicRoute = z.output<typeof dynamicRouteSchema>;

export const siteSettingsSchema = z.strictObject({
  access: siteAccessSchema.default({ kind: 'public' }),
  cors: siteCorsSchema.optional(),
  /** Navigations that find no file get `/index.html` with 200. */
  spa: z.boolean().default(false),
  /** `/about` serves `about.html`. */
  cleanUrls: z.boolean().default(true),
  dynamic: z
    .strictObject({
      routes: z
        .array(dynamicRouteSchema)
        .max(200)
        .default([{ pattern: '/api/*', forwardAuthorization: false }]),
      /** Milliseconds until a route that names none answers 504. */
      timeoutMs: z.number().int().min(1).max(3_600_000).default(30_000),
      /** Requests of the site at once in one worker, and those that wait there for a place; beyond both 503. */
      maxRunning: z.number().int().min(1).max(1000).default(32),
      maxWaiting: z.number().int().min(0).max(10_000).default(1000),
      /** Whether answers to GET that say `s-maxage` are kept and given again. */
      microCache: z.boolean().default(false),
    })
    .prefault({}),
  /** Bundles that may publish here beside the one that made the site. */
  publishers: z.array(idSchema).max(50).default([]),
});
export type SiteSettings = z.output<typeof siteSettingsSchema>;

/** Lower case and without port, as it is compared with a request's `Host`. */
export const siteHostSchema = z
  .string()
  .max(253)
  .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/, 'a host name, in lower case');

/** Part of addresses, as `/sites/{alias}/`, and of host names. */
export const siteAliasSchema = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'small letters, digits and hyphens inside, 63 at most')
  // In the host name of a preview two of them stand between deploy and site.
  .regex(/^(?!.*--)/, 'no two hyphens in a row');

/** A site as one request sees it: all of it belongs to one deploy. */
export const servedSiteSchema = z.object({
  alias: siteAliasSchema,
  hosts: z.array(siteHostSchema).max(20),
  /** Null: nothing was deployed yet. */
  deployId: idSchema.nullable(),
  settings: siteSettingsSchema,
});
export type ServedSite = z.output<typeof servedSiteSchema>;
