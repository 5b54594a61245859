import type { Request } from 'express';
import { PlatformError } from '@switchyard/kernel';
import type { LoginParts } from '../build-parts.ts';
import { requireBrowser } from './identify-browser.ts';

/** Who is signed in in this browser, and his account. Throws USER_REQUIRED for nobody, a script, and who was switched off. */
export async function readOwn(
  { identifyBrowser, accounts }: Pick<LoginParts, 'identifyBrowser' | 'accounts'>,
  req: Request,
) {
  const caller = await requireBrowser(identifyBrowser, req);
  const account = await accounts.find(caller.userId);
  if (account === undefined || account.disabled_at !== null) throw PlatformError.of('USER_REQUIRED');
  return { caller, account };
}
