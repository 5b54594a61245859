import { PlatformError } from '@switchyard/kernel';
import type { PasswordRefusal } from '../accounts/change-password.ts';
import type { PageContent } from '../pages/layout.ts';
import { texts } from '../pages/texts.ts';
import type { PageAnswer } from './define-page.ts';

/** The form again, with what was wrong in a sentence that helps; `auth.password_<refusal>` for programs. */
export function refusePassword(
  refusal: PasswordRefusal,
  minCharacters: number,
  page: (problem: string) => PageContent,
): PageAnswer {
  const words = texts.password[refusal];
  const problem = typeof words === 'string' ? words : words(minCharacters);
  const error = PlatformError.of('UNPROCESSABLE', problem, { errorType: `auth.password_${refusal}` });
  return { page: page(problem), status: error.status, error };
}
