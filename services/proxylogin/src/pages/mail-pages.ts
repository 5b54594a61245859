import { html } from './html.ts';
import type { PageContent } from './layout.ts';
import { field, hidden, problem as say, submit } from './parts.ts';
import { texts } from './texts.ts';

const words = texts.mail;
const MAX_LENGTH = 512;
const backToSignIn = html`<p class="aside"><a href="/auth/sign-in">${words.back}</a></p>`;

/** Asks whose link is to be mailed. */
export function askPage(what: 'forgot' | 'sign-up', problem?: string): PageContent {
  const isSignUp = what === 'sign-up';
  return {
    title: isSignUp ? words.signUpTitle : words.forgotTitle,
    lead: isSignUp ? words.signUpLead : words.forgotLead,
    body: html`${say(problem)}
      <form method="post" action="${isSignUp ? '/auth/sign-up' : '/auth/forgot'}">
        ${field({
          name: 'login',
          label: isSignUp ? words.address : texts.signIn.login,
          type: isSignUp ? 'email' : 'text',
          autocomplete: isSignUp ? 'email' : 'username',
          isFocused: true,
        })}
        ${submit(words.send)}
      </form>
      ${backToSignIn}`,
  };
}

export function mailedPage(problem?: string): PageContent {
  return { title: words.mailedTitle, lead: words.mailedLead, body: html`${say(problem)}${backToSignIn}` };
}

export interface LinkView {
  readonly kind: 'reset' | 'join';
  readonly code: string;
  readonly mail?: string | undefined;
  /** As it was typed into a form that was refused. */
  readonly name?: string | undefined;
  readonly minCharacters: number;
  readonly problem?: string;
}

/** Where a mailed link leads. */
export function linkPage({ kind, code, mail, name: typed, minCharacters, problem }: LinkView): PageContent {
  const isJoin = kind === 'join';
  const fresh = { type: 'password', autocomplete: 'new-password', maxLength: MAX_LENGTH } as const;
  const name = field({
    name: 'name',
    label: words.name,
    autocomplete: 'name',
    maxLength: 100,
    value: typed,
    isFocused: problem === undefined,
  });
  return {
    title: isJoin ? words.joinTitle : words.resetTitle,
    lead: mail,
    body: html`${say(problem)}
      <form method="post" action="${isJoin ? '/auth/join' : '/auth/reset'}">
        ${hidden('code', code)}${isJoin ? name : undefined}
        ${field({
          ...fresh,
          name: 'password',
          label: texts.password.fresh,
          hint: texts.password.hint(minCharacters),
          isFocused: !isJoin || problem !== undefined,
        })}
        ${field({ ...fresh, name: 'again', label: texts.password.again })} ${submit(texts.password.submit)}
      </form>`,
  };
}
