import type { Request, Response } from 'express';
import { requestIdOf } from '@switchyard/http';
import type { Caller, Identity, Proof } from '@switchyard/identity';
import type { Log } from '@switchyard/telemetry';
import type { KnownBrowsers } from '../limits/known-browser.ts';

/** Signs a browser in, as somebody who has been proven. */
export type Welcome = (
  at: { req: Request; res: Response; former: Caller | undefined },
  proof: Omit<Proof, 'userAgent'>,
) => Promise<void>;

/**
 * Always a cookie of its own: one that somebody had put into this browser before is worth nothing afterwards. The sign-in that the browser
 * had is over.
 */
export function createWelcome(
  identity: Pick<Identity, 'signIns'>,
  known: KnownBrowsers,
  log: Pick<Log, 'info'>,
): Welcome {
  return async ({ req, res, former }, proof) => {
    const { setCookie } = await identity.signIns.open({ ...proof, userAgent: req.get('user-agent') });
    if (former?.signInId !== undefined) await identity.signIns.end(former.userId, former.signInId);
    res.append('Set-Cookie', setCookie);
    res.append('Set-Cookie', known.remember(proof.userId));
    log.info('signed in', { user_id: proof.userId, method: proof.method, request_id: requestIdOf(res) });
  };
}
