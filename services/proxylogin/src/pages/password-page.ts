import { html } from './html.ts';
import type { PageContent } from './layout.ts';
import { field, problem, submit } from './parts.ts';
import { texts } from './texts.ts';

export interface PasswordView {
  readonly hasPassword: boolean;
  readonly login: string;
  readonly minCharacters: number;
  readonly problem?: string;
}

const MAX_LENGTH = 512;

export function passwordPage(view: PasswordView): PageContent {
  const { hasPassword, login, minCharacters } = view;
  const words = texts.password;
  const fresh = { type: 'password', autocomplete: 'new-password', maxLength: MAX_LENGTH } as const;
  const current = field({
    name: 'current',
    label: words.current,
    type: 'password',
    autocomplete: 'current-password',
    maxLength: MAX_LENGTH,
    isFocused: true,
  });
  return {
    title: hasPassword ? words.change : words.first,
    lead: hasPassword ? undefined : words.firstHint(login),
    body: html`${problem(view.problem)}
      <form method="post" action="/auth/password">
        <input
          class="unseen"
          type="text"
          name="username"
          autocomplete="username"
          value="${login}"
          readonly
          tabindex="-1"
          aria-hidden="true"
        />
        ${hasPassword ? current : undefined}
        ${field({ ...fresh, name: 'password', label: words.fresh, hint: words.hint(minCharacters), isFocused: !hasPassword })}
        ${field({ ...fresh, name: 'again', label: words.again })} ${submit(words.submit)}
      </form>
      <p class="aside"><a href="${hasPassword ? '/auth/account' : '/'}">${words.later}</a></p>`,
  };
}
