import { defineRoute, requestIdOf } from '@switchyard/http';
import type { Route } from '@switchyard/http';
import {
  adminDeadLettersQuerySchema,
  adminDeadLettersSchema,
  adminDropSchema,
  adminRetrySchema,
  idSchema,
} from '@switchyard/protocol';
import type { Files } from '@switchyard/store';
import type { TurnsAdmin } from '@switchyard/turns';
import { z } from 'zod';
import { keepFiles } from '../submit/keep-files.ts';
import type { AdminGuard } from './admin-guard.ts';
import type { Audited } from '@switchyard/http';

export interface DeadLetterRouteParts {
  guard: AdminGuard;
  audited: Audited;
  turnsAdmin: Pick<TurnsAdmin, 'deadLetters' | 'retry' | 'drop'>;
  files: Files;
}

const shared = { tag: 'administration', guard: 'admin' } as const;
const params = z.object({ turn_id: idSchema });

/** Messages that were given up before they started. */
export function createDeadLetterRoutes({ guard, audited, turnsAdmin, files }: DeadLetterRouteParts): Route[] {
  return [
    defineRoute({
      ...shared,
      method: 'get',
      path: '/admin/dead-letters',
      summary: 'Messages that could not be started and that nobody has decided about, newest first.',
      query: adminDeadLettersQuerySchema,
      answer: adminDeadLettersSchema,
      handle: async ({ query, req, res }) => {
        await guard(req, res);
        return turnsAdmin.deadLetters(query);
      },
    }),
    defineRoute({
      ...shared,
      method: 'post',
      path: '/admin/dead-letters/:turn_id/retry',
      summary: 'Tries a dead message again, as a new turn; asked again, it answers the same turn.',
      params,
      answer: adminRetrySchema,
      handle: async ({ params: { turn_id: turnId }, req, res }) => {
        const caller = await guard(req, res);
        return audited({ caller, req, res }, 'dead_letter.retry', turnId, async () => {
          const { answer, userId, attachments } = await turnsAdmin.retry(turnId, requestIdOf(res));
          const { conversation_id, retried_as, is_repeat: isRepeat } = answer;
          await keepFiles(files, userId, { conversation_id, turn_id: retried_as }, attachments);
          const after = { dead_letter: 'retried', retried_as };
          return { before: isRepeat ? after : { dead_letter: null }, after, answer };
        });
      },
    }),
    defineRoute({
      ...shared,
      method: 'delete',
      path: '/admin/dead-letters/:turn_id',
      summary: 'Drops a dead message: nobody tries it again.',
      params,
      answer: adminDropSchema,
      handle: async ({ params: { turn_id: turnId }, req, res }) => {
        const caller = await guard(req, res);
        return audited({ caller, req, res }, 'dead_letter.drop', turnId, async () => {
          await turnsAdmin.drop(turnId);
          return {
            before: { dead_letter: null },
            after: { dead_letter: 'dropped' },
            answer: { status: 'dropped', turn_id: turnId },
          };
        });
      },
    }),
  ];
}
