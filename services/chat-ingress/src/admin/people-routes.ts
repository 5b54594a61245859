import type { Admission } from '@switchyard/admission';
import { defineRoute } from '@switchyard/http';
import type { Route } from '@switchyard/http';
import {
  adminRatesQuerySchema,
  adminRatesSchema,
  adminSessionsQuerySchema,
  adminSessionsSchema,
} from '@switchyard/protocol';
import type { AdminRates, UserType } from '@switchyard/protocol';
import { z } from 'zod';
import type { OpenStreams } from '../streams/open-streams.ts';
import type { AdminGuard } from './admin-guard.ts';
import type { Audited } from '@switchyard/http';

export interface PeopleRouteParts {
  guard: AdminGuard;
  audited: Audited;
  streams: Pick<OpenStreams, 'count' | 'sessionCount' | 'sessions'>;
  admission: Pick<Admission, 'usage' | 'reset'>;
}

const shared = { tag: 'administration', guard: 'admin' } as const;
const params = z.object({ user_id: z.string().min(1).max(256) });

/** Who is connected to this ingress, and what a user has used of his limits. */
export function createPeopleRoutes(parts: PeopleRouteParts): Route[] {
  return [sessionRoute(parts), ...rateRoutes(parts)];
}

function sessionRoute({ guard, streams }: PeopleRouteParts): Route {
  return defineRoute({
    ...shared,
    method: 'get',
    path: '/admin/sessions',
    summary: 'Sessions with streams open on this ingress; every ingress knows its own.',
    query: adminSessionsQuerySchema,
    answer: adminSessionsSchema,
    handle: async ({ query: { offset, limit }, req, res }) => {
      await guard(req, res);
      const items = streams.sessions(offset, limit).map((session) => ({
        session_id: session.sessionId,
        streams: session.streams,
      }));
      const next = offset + items.length;
      const hasMore = next < streams.sessionCount;
      return {
        streams: streams.count,
        sessions: streams.sessionCount,
        items,
        next_offset: hasMore ? next : null,
      };
    },
  });
}

function rateRoutes({ guard, audited, admission }: PeopleRouteParts): Route[] {
  const usageOf = async (userId: string, userType: UserType): Promise<AdminRates> => {
    const usage = await admission.usage({ userId, userType });
    return {
      user_id: userId,
      user_type: userType,
      windows: usage.map(({ rate, used }) => ({ calls: rate.calls, window_seconds: rate.windowSec, used })),
    };
  };
  return [
    defineRoute({
      ...shared,
      method: 'get',
      path: '/admin/rate-limits/:user_id',
      summary: 'What a user has used of each window. The windows are those of the user type that is named.',
      params,
      query: adminRatesQuerySchema,
      answer: adminRatesSchema,
      handle: async ({ params: { user_id: userId }, query, req, res }) => {
        await guard(req, res);
        return usageOf(userId, query.user_type);
      },
    }),
    defineRoute({
      ...shared,
      method: 'post',
      path: '/admin/rate-limits/:user_id/reset',
      summary: 'Forgets what a user has used.',
      params,
      query: adminRatesQuerySchema,
      answer: adminRatesSchema,
      handle: async ({ params: { user_id: userId }, query: { user_type: userType }, req, res }) => {
        const caller = await guard(req, res);
        return audited({ caller, req, res }, 'rate_limit.reset', userId, async () => {
          const before = await usageOf(userId, userType);
          await admission.reset({ userId, userType });
          const after = await usageOf(userId, userType);
          return { before: before.windows, after: after.windows, answer: after };
        });
      },
    }),
  ];
}
