import { limitsOverrideSchema, limitsSchema } from '@switchyard/admission';
import type { Breakers, LiveLimits } from '@switchyard/admission';
import { defineRoute } from '@switchyard/http';
import type { Audited, Route } from '@switchyard/http';
import { PlatformError } from '@switchyard/kernel';
import { userTypeSchema } from '@switchyard/protocol';
import type { LimitRows } from '@switchyard/store';
import type { Log } from '@switchyard/telemetry';
import { z } from 'zod';
import type { AdminGuard } from './admin-guard.ts';

export interface LimitRouteParts {
  guard: AdminGuard;
  audited: Audited;
  limitRows: LimitRows;
  liveLimits: Pick<LiveLimits, 'limits' | 'version' | 'refresh'>;
  breakers: Pick<Breakers, 'views' | 'close'>;
  tellLimits: () => Promise<void>;
  log: Log;
}

const shared = { tag: 'administration', guard: 'admin' } as const;
const version = z.int().min(0);
const answerSchema = z.object({
  /** One more with each change; 0: nothing was ever set. */
  version,
  /** What this process goes by. */
  limits: limitsSchema,
  /** What was set over the configuration. */
  override: z.record(z.string(), z.unknown()),
  changed_by: z.string().nullable(),
  changed_at: z.string().nullable(),
});
const changeSchema = z.strictObject({
  expected_version: version,
  /** All that is set over the configuration; what is left out goes back to it. */
  override: limitsOverrideSchema,
});
const breakersSchema = z.object({
  items: z.array(
    z.object({
      user_type: userTypeSchema,
      is_open: z.boolean(),
      open_for_seconds: z.number(),
      refusals: z.int(),
      times_opened: z.int(),
    }),
  ),
});

/** Limits that change without a restart, and breakers (03 §7). */
export function createLimitRoutes(parts: LimitRouteParts): Route[] {
  return [...limitRoutes(parts), ...breakerRoutes(parts)];
}

function limitRoutes({ guard, audited, limitRows, liveLimits, tellLimits, log }: LimitRouteParts): Route[] {
  const view = async (): Promise<z.output<typeof answerSchema>> => {
    const row = await limitRows.find();
    // This process is to show what it goes by, not what it will.
    if ((row?.version ?? 0) > liveLimits.version()) await liveLimits.refresh();
    return {
      version: row?.version ?? 0,
      limits: liveLimits.limits(),
      override: (row?.override ?? {}) as Record<string, unknown>,
      changed_by: row?.changed_by ?? null,
      changed_at: row?.changed_at ?? null,
    };
  };
  return [
    defineRoute({
      ...shared,
      method: 'get',
      path: '/admin/limits',
      summary: 'Rates, thresholds, places and breakers: what holds, and what of it was set here.',
      answer: answerSchema,
      handle: async ({ req, res }) => {
        await guard(req, res);
        return view();
      },
    }),
    defineRoute({
      ...shared,
      method: 'put',
      path: '/admin/limits',
      summary: 'Sets limits over the configuration, only over the version that is named.',
      body: changeSchema,
      answer: answerSchema,
      handle: async ({ body: { expected_version: expected, override }, req, res }) => {
        const caller = await guard(req, res);
        return audited({ caller, req, res }, 'limits.set', 'limits', async () => {
          const before = (await limitRows.find())?.override ?? {};
          if ((await limitRows.put(override, expected, caller.userId)) === undefined)
            throw PlatformError.of('CONFLICT', 'Somebody else has changed the limits; read them again.');
          // Not told, they are read within seconds.
          await tellLimits().catch((error: unknown) => log.warn('changed limits were not told', { error }));
          return { before, after: override, answer: await view() };
        });
      },
    }),
  ];
}

function breakerRoutes({ guard, audited, breakers }: LimitRouteParts): Route[] {
  const view = async (): Promise<z.output<typeof breakersSchema>> => ({
    items: (await breakers.views()).map((one) => ({
      user_type: one.userType,
      is_open: one.isOpen,
      open_for_seconds: one.openForMs / 1000,
      refusals: one.refusals,
      times_opened: one.timesOpened,
    })),
  });
  return [
    defineRoute({
      ...shared,
      method: 'get',
      path: '/admin/breakers',
      summary: 'The breaker of each user type: whether it is open, and for how long.',
      answer: breakersSchema,
      handle: async ({ req, res }) => {
        await guard(req, res);
        return view();
      },
    }),
    defineRoute({
      ...shared,
      method: 'post',
      path: '/admin/breakers/:user_type/close',
      summary: 'Closes the breaker of a user type now.',
      params: z.object({ user_type: userTypeSchema }),
      answer: breakersSchema,
      handle: async ({ params: { user_type: userType }, req, res }) => {
        const caller = await guard(req, res);
        return audited({ caller, req, res }, 'breaker.close', userType, async () => {
          const wasOpen = await breakers.close(userType);
          return { before: { open: wasOpen }, after: { open: false }, answer: await view() };
        });
      },
    }),
  ];
}
