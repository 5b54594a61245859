import { defineRoute } from '@switchyard/http';
import type { Route } from '@switchyard/http';
import { PlatformError } from '@switchyard/kernel';
import {
  adminInflightQuerySchema,
  adminInflightSchema,
  adminLanesSchema,
  adminOrderSchema,
  adminTurnSchema,
  adminWorkersSchema,
  idSchema,
} from '@switchyard/protocol';
import type { TurnsAdmin } from '@switchyard/turns';
import { z } from 'zod';
import type { AdminGuard } from './admin-guard.ts';
import type { Audited } from '@switchyard/http';

export interface QueueRouteParts {
  guard: AdminGuard;
  audited: Audited;
  turnsAdmin: TurnsAdmin;
}

const shared = { tag: 'administration', guard: 'admin' } as const;

/** The queue as an operator sees it. */
export function createQueueRoutes(parts: QueueRouteParts): Route[] {
  return [...readRoutes(parts), ...orderRoutes(parts)];
}

function readRoutes({ guard, turnsAdmin }: QueueRouteParts): Route[] {
  const orNotFound = <T>(found: T | undefined): T => {
    if (found === undefined) throw PlatformError.of('NOT_FOUND');
    return found;
  };
  return [
    defineRoute({
      ...shared,
      method: 'get',
      path: '/admin/lanes',
      summary: 'Lanes: how much is ready and claimed, how long the next message waits, load and capacity.',
      answer: adminLanesSchema,
      handle: async ({ req, res }) => {
        await guard(req, res);
        return turnsAdmin.lanes();
      },
    }),
    defineRoute({
      ...shared,
      method: 'get',
      path: '/admin/workers',
      summary: 'Workers that are alive: slots, version, whether they drain, age of heartbeat and last poll.',
      answer: adminWorkersSchema,
      handle: async ({ req, res }) => {
        await guard(req, res);
        return turnsAdmin.workers();
      },
    }),
    defineRoute({
      ...shared,
      method: 'get',
      path: '/admin/inflight',
      summary: 'What is claimed, oldest first, lane after lane.',
      query: adminInflightQuerySchema,
      answer: adminInflightSchema,
      handle: async ({ query, req, res }) => {
        await guard(req, res);
        return turnsAdmin.inflight(query);
      },
    }),
    defineRoute({
      ...shared,
      method: 'get',
      path: '/admin/tasks/:task_id',
      summary: 'The life of one message by the id of its task.',
      params: z.object({ task_id: idSchema }),
      answer: adminTurnSchema,
      handle: async ({ params, req, res }) => {
        await guard(req, res);
        return orNotFound(await turnsAdmin.task(params.task_id));
      },
    }),
    defineRoute({
      ...shared,
      method: 'get',
      path: '/admin/turns/:turn_id',
      summary: 'The life of one message by the id of its turn.',
      params: z.object({ turn_id: idSchema }),
      answer: adminTurnSchema,
      handle: async ({ params, req, res }) => {
        await guard(req, res);
        return orNotFound(await turnsAdmin.turn(params.turn_id));
      },
    }),
  ];
}

function orderRoutes({ guard, audited, turnsAdmin }: QueueRouteParts): Route[] {
  const orderRoute = (verb: 'drain' | 'undrain', wanted: 'drain' | 'work', summary: string) =>
    defineRoute({
      ...shared,
      method: 'post',
      path: `/admin/workers/:worker_id/${verb}`,
      summary,
      params: z.object({ worker_id: idSchema }),
      answer: adminOrderSchema,
      handle: async ({ params, req, res }) => {
        const caller = await guard(req, res);
        const { worker_id: workerId } = params;
        return audited({ caller, req, res }, `worker.${verb}`, workerId, async () => {
          const answer = await turnsAdmin.order(workerId, wanted);
          const other = wanted === 'drain' ? 'work' : 'drain';
          return {
            before: { ordered: answer.is_repeat ? wanted : other },
            after: { ordered: wanted },
            answer,
          };
        });
      },
    });
  return [
    orderRoute(
      'drain',
      'drain',
      'Has a worker take no more work; what has not started goes back to its lane.',
    ),
    orderRoute('undrain', 'work', 'Has a worker take work again.'),
  ];
}
