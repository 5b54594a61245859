import { defineRoute } from '@switchyard/http';
import type { Route } from '@switchyard/http';
import type { Clock } from '@switchyard/kernel';
import { adminUsageQuerySchema, adminUsageSchema } from '@switchyard/protocol';
import type { AdminUsage } from '@switchyard/protocol';
import type { UsageReport } from '@switchyard/store';
import type { AdminGuard } from './admin-guard.ts';

export interface UsageRouteParts {
  guard: AdminGuard;
  usageReport: UsageReport;
  clock: Pick<Clock, 'now'>;
}

const DAY_MS = 24 * 3600 * 1000;
const DEFAULT_DAYS = 30;

/** What language models used, for bills. */
export function createUsageRoutes({ guard, usageReport, clock }: UsageRouteParts): Route[] {
  return [
    defineRoute({
      tag: 'administration',
      guard: 'admin',
      method: 'get',
      path: '/admin/usage',
      summary:
        'What language models used, by any of user, bundle, provider, model, day and source (`by=user,day`), with its cost.',
      query: adminUsageQuerySchema,
      answer: adminUsageSchema,
      handle: async ({ query, req, res }): Promise<AdminUsage> => {
        await guard(req, res);
        const { from, to } = rangeOf(query, clock.now());
        const { by, limit, offset, user_id: userId, bundle_id: bundleId, model } = query;
        const asked = { by, from, to, userId, bundleId, model, limit: limit + 1, offset };
        const [rows, total] = await Promise.all([usageReport.rows(asked), usageReport.total(asked)]);
        const items = rows.slice(0, limit) as AdminUsage['items'];
        return {
          from: new Date(from).toISOString(),
          to: new Date(to).toISOString(),
          by,
          items,
          total,
          next_offset: rows.length > limit ? offset + limit : null,
        };
      },
    }),
  ];
}

/** Whole days (UTC) where nothing is said: the last 30 and today. */
function rangeOf({ from, to }: { from?: string | undefined; to?: string | undefined }, now: number) {
  const end = to === undefined ? (Math.floor(now / DAY_MS) + 1) * DAY_MS : Date.parse(to);
  return { from: from === undefined ? end - (DEFAULT_DAYS + 1) * DAY_MS : Date.parse(from), to: end };
}
