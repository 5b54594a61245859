import { SseConnection, defineRoute } from '@switchyard/http';
import type { Route } from '@switchyard/http';
import type { Clock } from '@switchyard/kernel';
import { PlatformError } from '@switchyard/kernel';
import { idSchema } from '@switchyard/protocol';
import type { Bundles } from '@switchyard/store';
import type { Response } from 'express';
import { z } from 'zod';
import type { Guards } from '../caller-of.ts';
import type { BundleLogs } from '../logs/bundle-logs.ts';

export interface LogRouteParts {
  guards: Guards;
  bundles: Pick<Bundles, 'find'>;
  logs: BundleLogs;
  clock: Clock;
}

/** Readers of one process at once. */
const MAX_FOLLOWERS = 50;
/** Who still looks comes again; an admin that is none any more does not read on for ever. */
const FOLLOW_MS = 30 * 60_000;

/** What a bundle wrote and what happened to it (03 §7): on this worker, as far as its memory goes. */
export function createLogRoutes({ guards, bundles, logs, clock }: LogRouteParts): Route[] {
  let followers = 0;
  const follow = async (bundleId: string, res: Response, expiresAt: number): Promise<void> => {
    if (followers >= MAX_FOLLOWERS)
      throw PlatformError.of('UNAVAILABLE', 'Too many readers of logs at once.');
    followers += 1;
    const sse = new SseConnection(res);
    const end = (): void => sse.close();
    logs.closing.addEventListener('abort', end, { once: true });
    const limit = setTimeout(end, Math.min(FOLLOW_MS, expiresAt - clock.now()));
    try {
      let position = 0;
      while (sse.closeReason === undefined) {
        const part = logs.after(bundleId, position);
        position = part.position;
        if (part.missed > 0)
          await sse.send({ event: 'missed', data: JSON.stringify({ lines: part.missed }) });
        for (const entry of part.entries) await sse.send({ event: 'log', data: JSON.stringify(entry) });
        if (part.entries.length === 0) await logs.next(bundleId, sse.signal);
      }
    } finally {
      clearTimeout(limit);
      logs.closing.removeEventListener('abort', end);
      followers -= 1;
      sse.close();
    }
  };
  return [
    defineRoute({
      tag: 'administration',
      guard: 'admin',
      method: 'get',
      path: '/admin/integrations/bundles/:bundle/logs',
      summary:
        'What a bundle wrote and why it failed: JSON lines, or with `follow=1` an event stream that goes on',
      params: z.object({ bundle: idSchema }),
      query: z.object({ follow: z.enum(['0', '1', 'false', 'true']).default('0') }),
      async handle({ params: { bundle }, query, req, res }) {
        const caller = await guards.admin(req, res);
        if ((await bundles.find(bundle)) === undefined) throw PlatformError.of('NOT_FOUND');
        if (query.follow === '1' || query.follow === 'true')
          return follow(bundle, res, caller.expiresAt ?? Infinity);
        const { entries } = logs.after(bundle, 0);
        res.type('application/x-ndjson').send(entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
        return undefined;
      },
    }),
  ];
}
