import { html } from './html.ts';
import type { PageContent } from './layout.ts';
import { field, hidden, notice, problem, submit } from './parts.ts';
import { texts } from './texts.ts';

export interface SignInView {
  /** Where to go afterwards, a path of ours. */
  readonly to: string;
  readonly login?: string;
  readonly problem?: string;
  readonly notice?: string;
  readonly isGuestAllowed: boolean;
  /** Browsers would not keep the cookie here. */
  readonly isInsecure: boolean;
}

export function signInPage(view: SignInView): PageContent {
  const { to, login = '' } = view;
  if (view.isInsecure) return { title: texts.signIn.title, body: html`${problem(texts.signIn.insecure)}` };
  return {
    title: texts.signIn.title,
    body: html`${notice(view.notice)}${problem(view.problem)}
      <form method="post" action="/auth/sign-in">
        ${hidden('to', to)}
        ${field({ name: 'login', label: texts.signIn.login, autocomplete: 'username', value: login, isFocused: login === '' })}
        ${field({ name: 'password', label: texts.signIn.password, type: 'password', autocomplete: 'current-password', isFocused: login !== '' })}
        ${submit(texts.signIn.submit)}
      </form>
      ${view.isGuestAllowed ? html`<p class="aside"><a href="/">${texts.signIn.guest}</a></p>` : undefined}`,
  };
}
