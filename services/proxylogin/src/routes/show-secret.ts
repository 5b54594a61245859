import type { AccountRow } from '@switchyard/store';
import { loginOf } from '../accounts/names-of-account.ts';
import { base32, otpauthUri } from '../accounts/totp.ts';
import { setUpPage } from '../pages/code-pages.ts';
import type { PageAnswer } from './define-page.ts';

const grouped = (text: string): string => text.match(/.{1,4}/g)?.join(' ') ?? '';

/** The page that shows the secret of a second factor, to be read by an app; again with what was wrong. */
export function createShowSecret(issuer: string, isEnrolling: boolean) {
  return (account: AccountRow, secret: Buffer, problem?: string): PageAnswer => {
    const login = loginOf(account);
    const uri = otpauthUri({ issuer, login, secret });
    const view = { uri, login, secret: grouped(base32(secret)), isEnrolling };
    return {
      page: setUpPage(problem === undefined ? view : { ...view, problem }),
      status: problem === undefined ? 200 : 422,
    };
  };
}
