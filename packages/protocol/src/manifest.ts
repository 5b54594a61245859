import { z } from 'zod';
import { idSchema } from './id.ts';
import { userTypeSchema } from './user-type.ts';
import { webScopeSchema } from './web-scope.ts';

/** A JSON Schema as zod makes it. Kept as it is, never interpreted by hand. */
const jsonSchema = z.record(z.string(), z.unknown());

export const bundleLimitsSchema = z.object({
  memoryMb: z.number().int().min(32).max(16_384).optional(),
  /** Invocations at once in one host. Work that computes says 1. */
  concurrency: z.number().int().min(1).max(1000).optional(),
  /** Processes of the same version, when all places of one are taken. */
  instances: z.number().int().min(1).max(64).optional(),
  /** Milliseconds without an event before a turn is ended, and in all. */
  idleMs: z.number().int().positive().optional(),
  wallMs: z.number().int().positive().optional(),
});
export type BundleLimits = z.output<typeof bundleLimitsSchema>;

/** Who may call: nobody needs to sign in for `public`; `allow` is the lowest user type; any one of `roles` is enough. */
const access = {
  route: z.enum(['operations', 'public']).default('operations'),
  allow: userTypeSchema.optional(),
  roles: z.array(z.string()).default([]),
};

export const operationManifestSchema = z.object({
  method: z.enum(['POST', 'GET']).default('POST'),
  ...access,
  input: jsonSchema.optional(),
  output: jsonSchema.optional(),
  timeoutMs: z.number().int().positive().optional(),
  description: z.string().optional(),
  /** Offered over MCP as well. */
  tool: z.boolean().optional(),
});

/** A small page of the bundle, addressed by its alias. */
export const widgetManifestSchema = z.object({
  title: z.string().min(1).max(200),
  icon: z.string().max(100).optional(),
  /** Below the version folder. */
  folder: z.string().min(1).max(500),
  /** `vite`: sources, built at registration. `none`: files to be served as they are. */
  build: z.enum(['none', 'vite']).default('none'),
  ...access,
});

/** Files of the bundle that are served as they are, at `/static`. */
export const staticManifestSchema = z.object({
  /** Below the version folder. */
  folder: z.string().min(1).max(500),
  ...access,
});

export const scheduleManifestSchema = z.object({
  cron: z.string().min(1).max(100),
  timezone: z.string().max(100).optional(),
  retry: z.boolean().optional(),
  timeoutMs: z.number().int().positive().optional(),
});

export const jobManifestSchema = z.object({
  data: jsonSchema.optional(),
  attempts: z.number().int().min(1).max(100).default(1),
  backoff: z
    .object({ kind: z.enum(['fixed', 'exponential']), delayMs: z.number().int().nonnegative() })
    .optional(),
  timeoutMs: z.number().int().positive().optional(),
  /** Added by the platform too, without data, each time a version of the bundle begins to serve. */
  onServe: z.boolean().optional(),
});

/** Which messages of an event channel a bundle wants; without a rule, all. */
export const channelManifestSchema = z.object({
  site: z.string().max(128).optional(),
  path: z.string().max(500).optional(),
  methods: z.array(z.string().max(16)).max(16).optional(),
});

export const toolManifestSchema = z.object({
  description: z.string().max(2000).optional(),
  input: jsonSchema.optional(),
  output: jsonSchema.optional(),
  timeoutMs: z.number().int().positive().optional(),
});

/** What the bundle's MCP endpoint offers: its own tools, and operations that say `tool: true`, all by name. */
export const mcpManifestSchema = z.object({
  alias: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/),
  ...access,
  tools: z.record(z.string(), toolManifestSchema),
});

/** A predictor: JSON Schemas of its input and output by name, as OpenAPI's components (`Input`, `Output` and what they refer to). */
export const predictManifestSchema = z.object({
  schemas: z.record(z.string(), jsonSchema),
  iterates: z.boolean().default(false),
  hasHealthcheck: z.boolean().default(false),
  /** How often one prediction may be begun in all, where the process or the worker that ran it died. */
  attempts: z.number().int().min(1).max(10).default(1),
});

/** What a host tells of the version it loaded (04). Read by the host that will serve it, never by importing the bundle in proc. */
export const bundleManifestSchema = z.object({
  v: z.literal(1),
  id: idSchema,
  name: z.string().min(1).max(200),
  description: z.string().max(2000).optional(),
  /** A word or two on the bundle's state, shown beside its name: "offline". */
  note: z.string().min(1).max(60).optional(),
  /** Starters that the page offers on an empty conversation. */
  starters: z.array(z.string().max(200)).max(6).default([]),
  hasTurns: z.boolean(),
  operations: z.record(z.string(), operationManifestSchema).default({}),
  widgets: z.record(z.string(), widgetManifestSchema).default({}),
  static: staticManifestSchema.optional(),
  schedules: z.record(z.string(), scheduleManifestSchema).default({}),
  jobs: z.record(z.string(), jobManifestSchema).default({}),
  channels: z.record(z.string(), channelManifestSchema).default({}),
  /** It answers `web` invocations. */
  hasWeb: z.boolean().default(false),
  /** Which of them; without, all. */
  web: channelManifestSchema.optional(),
  predict: predictManifestSchema.optional(),
  mcp: mcpManifestSchema.optional(),
  props: jsonSchema.optional(),
  /** What `props` are before anybody sets one. */
  propDefaults: z.record(z.string(), z.unknown()).optional(),
  secrets: z.array(z.string()).default([]),
  capabilities: z.array(z.string()).default([]),
  /** Hosts that the `http` capability may reach: `api.example.com`, `*.example.com`. */
  httpHosts: z.array(z.string().max(253)).max(100).default([]),
  /** What of `web` it asks for; without, all of the sites that are its own. */
  webScope: webScopeSchema.optional(),
  /** Run again after a crash when nothing of the turn was seen or done (02). Without it a started turn is interrupted. */
  recovery: z.enum(['retryIfSilent']).optional(),
  limits: bundleLimitsSchema.default({}),
});
export type BundleManifest = z.output<typeof bundleManifestSchema>;

/** `GET /api/integrations/bundles`: what the caller may see. */
export const bundleSummarySchema = z.object({
  bundle_id: z.string(),
  name: z.string(),
  description: z.string().optional(),
  starters: z.array(z.string()),
  is_default: z.boolean(),
  version: z.string().nullable(),
  /** Free text of the bundle's own on its state, as "offline". */
  note: z.string().optional(),
  /** False: it serves sites, jobs or operations alone, and no chat page offers it unless it has widgets. A worker of an older build does not say. */
  answers_messages: z.boolean().optional(),
  /** There is a widget that the caller may see. A worker of an older build does not say. */
  has_widgets: z.boolean().optional(),
});
export type BundleSummary = z.output<typeof bundleSummarySchema>;
export const bundleListSchema = z.object({
  default_bundle_id: z.string().nullable(),
  bundles: z.array(bundleSummarySchema),
});
export type BundleList = z.output<typeof bundleListSchema>;
