import { PlatformError } from '@switchyard/kernel';
import { texts } from '../pages/texts.ts';
import type { PageAnswer } from './define-page.ts';

/** The page again, for one who has guessed too often; everything else that was thrown goes on. */
export function limitedAnswer(error: unknown, page: (problem: string) => PageAnswer): PageAnswer {
  if (!(error instanceof PlatformError) || error.code !== 'RATE_LIMITED') throw error;
  const retryAfterSec = error.retryAfterSec ?? 1;
  return { ...page(texts.signIn.tooMany(Math.ceil(retryAfterSec / 60))), retryAfterSec };
}
