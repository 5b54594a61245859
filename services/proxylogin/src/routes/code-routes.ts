import type { Route } from '@switchyard/http';
import { z } from 'zod';
import type { LoginParts } from '../build-parts.ts';
import { codePage } from '../pages/code-pages.ts';
import { texts } from '../pages/texts.ts';
import { BEGIN_AGAIN, codeText } from './code-form.ts';
import { definePage } from './define-page.ts';
import type { PageAnswer } from './define-page.ts';
import { limitedAnswer as limited } from './limited-answer.ts';

const none = z.object({});
const by = z.literal('recovery').optional().catch(undefined);
const words = texts.code;

/** The code that is asked for at sign-in. */
export function createCodeRoutes(parts: LoginParts): Route[] {
  const { frame, halfWay, welcome, identifyBrowser, checkCode, attempts, log } = parts;
  return [
    definePage(
      {
        method: 'get',
        path: '/auth/code',
        summary: 'The page for the second step of signing in.',
        guard: 'none',
        query: z.object({ by }),
        form: none,
        handle: async ({ query, req }) => {
          if ((await halfWay.look(req.headers.cookie)) === undefined) return BEGIN_AGAIN;
          return { page: codePage({ isRecovery: query.by === 'recovery' }) };
        },
      },
      frame,
    ),
    definePage(
      {
        method: 'post',
        path: '/auth/code',
        summary: 'The second step of signing in: a code of the app, or a recovery code.',
        guard: 'none',
        query: none,
        form: z.object({ code: codeText, by }),
        handle: async ({ form, req, res }) => {
          const isRecovery = form.by === 'recovery';
          const again = (problem: string, status: number): PageAnswer => ({
            page: codePage({ isRecovery, problem }),
            status,
          });
          const waiting = await halfWay.look(req.headers.cookie);
          if (waiting === undefined) return BEGIN_AGAIN;
          try {
            const isRight = await checkCode(waiting.userId, form.code, req);
            attempts.add({ at: 'code', outcome: isRight ? 'right' : 'refused' });
            if (!isRight) {
              log.info('sign-in refused', { method: 'code', user_id: waiting.userId });
              return again(words.wrong, 401);
            }
          } catch (error) {
            return limited(error, (problem) => again(problem, 429));
          }
          // Of two that bring a code for the same half-way mark one is let in.
          const passed = await halfWay.use(req.headers.cookie);
          if (passed === undefined) return BEGIN_AGAIN;
          const former = await identifyBrowser(req);
          await welcome({ req, res, former }, { userId: passed.userId, method: 'password+code' });
          res.append('Set-Cookie', halfWay.forget());
          return { to: passed.to };
        },
      },
      frame,
    ),
  ];
}
