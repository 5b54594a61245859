import { html } from './html.ts';
import type { Html } from './html.ts';
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
  /** By a mailed link. */
  readonly mayReset: boolean;
  readonly maySignUp: boolean;
  readonly hasPasswords: boolean;
  /** What the issuer is called; undefined where there is none. */
  readonly issuer: string | undefined;
  /** Browsers would not keep the cookie here. */
  readonly isInsecure: boolean;
}

export function signInPage(view: SignInView): PageContent {
  if (view.isInsecure) return { title: texts.signIn.title, body: html`${problem(texts.signIn.insecure)}` };
  return {
    title: texts.signIn.title,
    body: html`${notice(view.notice)}${problem(view.problem)}
    ${view.issuer === undefined ? undefined : issuerButton(view.issuer, view)}
    ${view.hasPasswords ? passwordForm(view) : undefined} ${asides(view)}`,
  };
}

/** A link and not a form: it leaves this site, and our forms lead nowhere else. */
function issuerButton(issuer: string, { to, hasPasswords }: SignInView): Html {
  const address = `/auth/oidc/start?to=${encodeURIComponent(to)}`;
  return html`<a class="button" href="${address}">${texts.signIn.issuer(issuer)}</a>
    ${hasPasswords ? html`<p class="or">${texts.signIn.or}</p>` : undefined}`;
}

function passwordForm({ to, login = '' }: SignInView): Html {
  return html`<form method="post" action="/auth/sign-in">
    ${hidden('to', to)}
    ${field({ name: 'login', label: texts.signIn.login, autocomplete: 'username', value: login, isFocused: login === '' })}
    ${field({ name: 'password', label: texts.signIn.password, type: 'password', autocomplete: 'current-password', isFocused: login !== '' })}
    ${submit(texts.signIn.submit)}
  </form>`;
}

function asides({ isGuestAllowed, mayReset, maySignUp }: SignInView): Html | undefined {
  const links = [
    mayReset && html`<a href="/auth/forgot">${texts.signIn.forgot}</a>`,
    maySignUp && html`<a href="/auth/sign-up">${texts.signIn.signUp}</a>`,
    isGuestAllowed && html`<a href="/">${texts.signIn.guest}</a>`,
  ].filter((link) => link !== false);
  return links.length === 0 ? undefined : html`<p class="aside">${links}</p>`;
}
