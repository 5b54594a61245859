import type { Request, Response } from 'express';
import type { AccountRow } from '@switchyard/store';
import type { IdentifyBrowser } from '../routes/identify-browser.ts';
import type { HalfWay } from './half-way.ts';
import type { SecondFactor } from './second-factor.ts';
import type { Welcome } from './welcome.ts';

/** Where the browser goes then. */
export type Enter = (at: { req: Request; res: Response }, account: AccountRow, to: string) => Promise<string>;

/** After a right password: in, or first to the code; or to setting one up, where there must be one. */
export function createEnter(parts: {
  secondFactor: Pick<SecondFactor, 'isRequired'>;
  halfWay: Pick<HalfWay, 'begin'>;
  welcome: Welcome;
  identifyBrowser: IdentifyBrowser;
}): Enter {
  const { secondFactor, halfWay, welcome, identifyBrowser } = parts;
  return async ({ req, res }, account, to) => {
    const hasFactor = account.totp_confirmed_at !== null;
    if (hasFactor || secondFactor.isRequired(account)) {
      res.append('Set-Cookie', await halfWay.begin({ userId: account.user_id, to }));
      return hasFactor ? '/auth/code' : '/auth/enrol';
    }
    const former = await identifyBrowser(req);
    await welcome({ req, res, former }, { userId: account.user_id, method: 'password' });
    return to;
  };
}
