import { z } from 'zod';

/** What the capability `web` can be asked for; a scope may allow some of it. */
export const WEB_OPS = [
  'publish',
  'unpublish',
  'respond',
  'list',
  'url',
  'deploy',
  'deploys',
  'rollback',
  'route',
  'purge',
] as const;
export type WebOp = (typeof WEB_OPS)[number];

/**
 * What of `web` may be used: of one site, below one folder, some operations. The manifest of a bundle may hold one, and each call another
 * one, which can only take away from it. `pathPrefix` counts whole segments: `docs` admits `docs/a.html` and not `docs-old/a.html`.
 */
export const webScopeSchema = z.strictObject({
  site: z.string().max(128).optional(),
  pathPrefix: z.string().max(1000).optional(),
  ops: z.array(z.enum(WEB_OPS)).optional(),
});
export type WebScope = z.output<typeof webScopeSchema>;
