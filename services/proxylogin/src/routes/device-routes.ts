import type { Route } from '@switchyard/http';
import { PlatformError } from '@switchyard/kernel';
import { z } from 'zod';
import type { LoginParts } from '../build-parts.ts';
import { hidden } from '../pages/parts.ts';
import { provePage } from '../pages/prove-page.ts';
import { texts } from '../pages/texts.ts';
import { definePage } from './define-page.ts';
import type { PageAnswer } from './define-page.ts';
import { proveFirst } from './prove-first.ts';
import { readOwn } from './read-own.ts';

const none = z.object({});
const again = z.string().max(1024).optional();
const endForm = z.object({ sign_in_id: z.string().regex(/^[\w-]{1,64}$/), password: again });
const endOthersForm = z.object({ password: again });

/** Ends sign-ins of one's own: one of them, or all but this one. */
export function createDeviceRoutes(parts: LoginParts): Route[] {
  const { frame, identity, endStreams } = parts;
  const ended = (count: number): PageAnswer => ({ to: `/auth/account?ended=${count}` });
  return [
    definePage(
      {
        method: 'post',
        path: '/auth/sign-ins/end',
        summary: 'Ends one of one’s own sign-ins.',
        guard: 'user',
        query: none,
        form: endForm,
        handle: async ({ form, req }) => {
          const own = await readOwn(parts, req);
          const unproven = await proveFirst(parts, own, { password: form.password, req }, (problem) =>
            provePage({
              action: '/auth/sign-ins/end',
              fields: [hidden('sign_in_id', form.sign_in_id)],
              label: texts.account.end,
              problem,
            }),
          );
          if (unproven !== undefined) return unproven;
          const { userId } = own.caller;
          if (!(await identity.signIns.end(userId, form.sign_in_id))) throw PlatformError.of('NOT_FOUND');
          await endStreams(userId);
          return ended(1);
        },
      },
      frame,
    ),
    definePage(
      {
        method: 'post',
        path: '/auth/sign-ins/end-others',
        summary: 'Ends all of one’s own sign-ins but this one.',
        guard: 'user',
        query: none,
        form: endOthersForm,
        handle: async ({ form, req }) => {
          const own = await readOwn(parts, req);
          const unproven = await proveFirst(parts, own, { password: form.password, req }, (problem) =>
            provePage({
              action: '/auth/sign-ins/end-others',
              fields: [],
              label: texts.account.endOthers,
              problem,
            }),
          );
          if (unproven !== undefined) return unproven;
          const { userId, signInId } = own.caller;
          const count = await identity.signIns.endAll(userId, signInId);
          if (count > 0) await endStreams(userId);
          return ended(count);
        },
      },
      frame,
    ),
  ];
}
