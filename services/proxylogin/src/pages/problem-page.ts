import type { PlatformError } from '@switchyard/kernel';
import { html } from './html.ts';
import type { PageContent } from './layout.ts';
import { texts } from './texts.ts';

const words = texts.problem;

const wordsOf = (error: PlatformError): { title: string; hint: string } => {
  if (error.errorType === 'auth.user_disabled') return words.disabled;
  if (error.errorType === 'auth.flow_refused') return words.flow;
  if (error.errorType === 'auth.issuer_refused') return words.issuer;
  switch (error.code) {
    case 'CSRF':
      return words.otherSite;
    case 'USER_REQUIRED':
    case 'BAD_TOKEN':
    case 'TOKEN_EXPIRED':
      return words.signIn;
    case 'NOT_FOUND':
      return words.missing;
    default:
      if (error.status === 429 || error.status === 503) return words.tooBusy;
      return { title: words.title, hint: error.expose ? error.message : '' };
  }
};

/** What happened, and the way back. */
export function problemPage(error: PlatformError): PageContent {
  const { title, hint } = wordsOf(error);
  return {
    title,
    lead: hint,
    body: html`<p class="aside"><a href="/auth/sign-in">${words.back}</a></p>`,
  };
}
