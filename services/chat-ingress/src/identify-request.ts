import type { Request, Response } from 'express';
import { PlatformError } from '@switchyard/kernel';
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

export function createIdentifyRequest(identity: Pick<Identity, 'identify'>): IdentifyRequest {
  return async (req, res, { allowQueryToken = false, anonymous = 'ifAllowed' } = {}) => {
    refuseOtherSites(req);
    const caller = await identity.identify(
      { headers: req.headers, query: req.query, allowQueryToken },
      { anonymous },
    );
    res.setHeader(HEADER.userType, caller.userType);
    res.setHeader(HEADER.answerSessionId, caller.sessionId);
    for (const cookie of caller.setCookies ?? []) res.append('Set-Cookie', cookie);
    return caller;
  };
}

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/** A browser that sends cookies says where the request began: another site may not change anything in the user's name (07, Masking). */
export function refuseOtherSites(req: Pick<Request, 'method' | 'headers'>): void {
  const site = req.headers['sec-fetch-site'];
  if (SAFE_METHODS.has(req.method) || req.headers.cookie === undefined || site === undefined) return;
  if (site !== 'same-origin' && site !== 'none') throw PlatformError.of('CSRF');
}
