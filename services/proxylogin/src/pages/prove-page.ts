import { html } from './html.ts';
import type { Html } from './html.ts';
import type { PageContent } from './layout.ts';
import { field, problem as say, submit } from './parts.ts';
import { texts } from './texts.ts';

export interface ProveView {
  /** Where the form goes that was sent first, with what was in it. */
  readonly action: string;
  readonly fields: readonly Html[];
  readonly label: string;
  readonly problem?: string | undefined;
}

const MAX_LENGTH = 512;

/** Asks for the password once more, before what was asked for is done. */
export function provePage({ action, fields, label, problem }: ProveView): PageContent {
  const password = {
    name: 'password',
    label: texts.password.current,
    type: 'password',
    autocomplete: 'current-password',
    maxLength: MAX_LENGTH,
    isFocused: true,
  } as const;
  return {
    title: texts.prove.title,
    lead: texts.prove.lead,
    body: html`${say(problem)}
      <form method="post" action="${action}">${fields} ${field(password)} ${submit(label)}</form>
      <p class="aside"><a href="/auth/account">${texts.password.later}</a></p>`,
  };
}
