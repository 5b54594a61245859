import { defineRoute } from '@switchyard/http';
import type { Route } from '@switchyard/http';
import { adminAuditQuerySchema, adminAuditSchema } from '@switchyard/protocol';
import type { AuditLog } from '@switchyard/store';
import type { AdminGuard } from './admin-guard.ts';

export interface AuditRouteParts {
  guard: AdminGuard;
  auditLog: Pick<AuditLog, 'list'>;
}

export function createAuditRoutes({ guard, auditLog }: AuditRouteParts): Route[] {
  return [
    defineRoute({
      tag: 'administration',
      guard: 'admin',
      method: 'get',
      path: '/admin/audit',
      summary:
        'What admins changed and who read which secret: who, what, before, after, from where, when. Newest first.',
      query: adminAuditQuerySchema,
      answer: adminAuditSchema,
      handle: async ({ query: { limit, actor_id: actorId, since, until, ...filter }, req, res }) => {
        await guard(req, res);
        const items = await auditLog.list({
          ...filter,
          limit,
          actorId,
          since: since === undefined ? undefined : new Date(since),
          until: until === undefined ? undefined : new Date(until),
        });
        const last = items.length === limit ? items.at(-1) : undefined;
        return { items, next_before: last?.audit_id ?? null };
      },
    }),
  ];
}
