import type { Request, Response } from 'express';
import { noteCaller, refuseOtherSites } from '@switchyard/http';
import type { Caller, Identity } from '@switchyard/identity';
import { HEADER } from '@switchyard/protocol';

export interface IdentifyOptions {
  /** Only `/sse/*` takes tokens from the query (03 §1). */
  allowQueryToken?: boolean;
  /** `/profile` answers anybody. */
  anonymous?: 'ifAllowed' | 'always';
}

/** First step of every request: who is asking. Says it in the answer's headers. */
export type IdentifyRequest = (req: Request, res: Response, options?: IdentifyOptions) => Promise<Caller>;

export function createIdentifyRequest(
  identity: Pick<Identity, 'identify'>,
  { queryTokensAccepted }: { readonly queryTokensAccepted: boolean },
): IdentifyRequest {
  return async (req, res, { allowQueryToken = false, anonymous = 'ifAllowed' } = {}) => {
    refuseOtherSites(req);
    const caller = await identity.identify(
      {
        headers: req.headers,
        query: req.query,
        allowQueryToken: allowQueryToken && !queryTokensAccepted ? 'ticket' : allowQueryToken,
      },
      { anonymous },
    );
    noteCaller(res, caller.userId);
    res.setHeader(HEADER.userType, caller.userType);
    res.setHeader(HEADER.answerSessionId, caller.sessionId);
    for (const cookie of caller.setCookies ?? []) res.append('Set-Cookie', cookie);
    return caller;
  };
}
