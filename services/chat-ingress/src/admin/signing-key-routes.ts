import { defineRoute } from '@switchyard/http';
import type { Audited, Route } from '@switchyard/http';
import type { Identity } from '@switchyard/identity';
import { z } from 'zod';
import type { AdminGuard } from './admin-guard.ts';

export interface SigningKeyRouteParts {
  guard: AdminGuard;
  audited: Audited;
  identity: Pick<Identity, 'rotateSigningKey'>;
}

/** Key ids are public: they stand in every token and in the key set. */
export function createSigningKeyRoutes({ guard, audited, identity }: SigningKeyRouteParts): Route[] {
  return [
    defineRoute({
      tag: 'administration',
      guard: 'admin',
      method: 'post',
      path: '/admin/signing-keys/rotate',
      summary: 'Makes a key that signs tokens 10 s from now on; those that are out stay good to their end.',
      answer: z.object({ kid: z.string() }),
      handle: async ({ req, res }) => {
        const caller = await guard(req, res);
        return audited({ caller, req, res }, 'signing_key.rotate', 'signing-keys', async () => {
          const kid = await identity.rotateSigningKey();
          return { before: null, after: { kid }, answer: { kid } };
        });
      },
    }),
  ];
}
