import { z } from 'zod';
import type { PageAnswer } from './define-page.ts';

/** A code as it is typed: of the app, or a recovery code. */
export const codeText = z.string().max(64);

export const onlyDigits = (text: string): string => text.replaceAll(/\s/g, '');

/** What is waiting ran out: the sign-in begins again, and says why. */
export const BEGIN_AGAIN: PageAnswer = { to: '/auth/sign-in?note=code-late' };
