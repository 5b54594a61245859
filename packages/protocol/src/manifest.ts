import { z } from 'zod';
import { idSchema } from './id.ts';
import { userTypeSchema } from './user-type.ts';

/** A JSON Schema as zod makes it. Kept as it is, never interpreted by hand. */
const jsonSchema = z.record(z.string(), z.unknown());

export const bundleLimitsSchema = z.object({
  memoryMb: z.number().int().min(32).max(16_384).optional(),
  /** Invocations at once in one host. */
  concurrency: z.number().int().min(1).max(1000).optional(),
  /** Milliseconds without an event before a turn is ended, and in all. */
  idleMs: z.number().int().positive().optional(),
  wallMs: z.number().int().positive().optional(),
});
export type BundleLimits = z.output<typeof bundleLimitsSchema>;

export const operationManifestSchema = z.object({
  method: z.enum(['POST', 'GET']).default('POST'),
  route: z.enum(['operations', 'public']).default('operations'),
  allow: userTypeSchema.optional(),
  roles: z.array(z.string()).default([]),
  input: jsonSchema.optional(),
  output: jsonSchema.optional(),
  timeoutMs: z.number().int().positive().optional(),
  description: z.string().optional(),
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
  schedules: z
    .record(
      z.string(),
      z.object({ cron: z.string(), timezone: z.string().optional(), retry: z.boolean().optional() }),
    )
    .default({}),
  props: jsonSchema.optional(),
  secrets: z.array(z.string()).default([]),
  capabilities: z.array(z.string()).default([]),
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
});
export type BundleSummary = z.output<typeof bundleSummarySchema>;
export const bundleListSchema = z.object({
  default_bundle_id: z.string().nullable(),
  bundles: z.array(bundleSummarySchema),
});
export type BundleList = z.output<typeof bundleListSchema>;
