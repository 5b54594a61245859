import { PlatformError } from '@switchyard/kernel';
import { defineRoute } from '@switchyard/http';
import type { Route } from '@switchyard/http';
import { bundleListSchema, bundleSummarySchema, idSchema } from '@switchyard/protocol';
import type { BundleList } from '@switchyard/protocol';
import type { Bundles } from '@switchyard/store';
import { z } from 'zod';
import { detailsOf, summaryOf } from './bundle-views.ts';
import { describeOperations } from './operations/describe-operations.ts';
import type { Guards } from './caller-of.ts';

const bundleParams = z.object({ tenant: idSchema, project: idSchema, bundle: idSchema });

const detailsSchema = bundleSummarySchema.extend({
  operations: z.array(z.looseObject({ name: z.string() })),
  schedules: z.array(z.looseObject({ name: z.string() })),
  widgets: z.array(z.looseObject({})),
  mcp: z.array(z.looseObject({})),
});

/** What the caller may see of the bundles (03 §6). From the rows, so that every worker answers alike. */
export function createBundleRoutes(
  guards: Guards,
  bundles: Pick<Bundles, 'list' | 'find'>,
  hasModel: boolean,
): Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/api/integrations/bundles',
      summary: 'Bundles that answer now',
      tag: 'bundles',
      guard: 'session',
      answer: bundleListSchema,
      async handle({ req, res }): Promise<BundleList> {
        const caller = await guards.session(req, res);
        const rows = await bundles.list();
        return {
          default_bundle_id: rows.find((row) => row.is_default)?.bundle_id ?? null,
          bundles: rows
            .map((row) => summaryOf(row, hasModel, caller))
            .filter((summary) => summary !== undefined),
        };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/api/integrations/bundles/:tenant/:project/:bundle',
      summary: 'One bundle with the operations that the caller may use',
      tag: 'bundles',
      guard: 'session',
      params: bundleParams,
      answer: detailsSchema,
      async handle({ params, req, res }) {
        const caller = await guards.session(req, res);
        guards.scope(params);
        const row = await bundles.find(params.bundle);
        const details = row === undefined ? undefined : detailsOf(row, hasModel, caller);
        if (details === undefined) throw PlatformError.of('NOT_FOUND');
        return details;
      },
    }),
    defineRoute({
      method: 'get',
      path: '/api/integrations/bundles/:tenant/:project/:bundle/openapi.json',
      summary: 'OpenAPI of the operations that the caller may use',
      tag: 'bundles',
      guard: 'session',
      params: bundleParams,
      async handle({ params, req, res }) {
        const caller = await guards.session(req, res);
        guards.scope(params);
        const row = await bundles.find(params.bundle);
        const manifest = row?.version?.manifest;
        if (manifest === undefined || manifest === null) throw PlatformError.of('NOT_FOUND');
        return describeOperations(manifest, row?.active_version ?? '', params, caller);
      },
    }),
  ];
}
