import { html } from './html.ts';
import type { Html } from './html.ts';

export interface Field {
  readonly name: string;
  readonly label: string;
  readonly type?: 'text' | 'password' | 'email';
  readonly autocomplete: string;
  readonly value?: string | undefined;
  readonly hint?: string | undefined;
  readonly isFocused?: boolean;
  /** `numeric` brings up digits on a phone. */
  readonly inputMode?: 'numeric' | 'text';
  readonly maxLength?: number;
}

export function field(of: Field): Html {
  const hintId = `${of.name}-hint`;
  return html`<div class="field">
    <label for="${of.name}">${of.label}</label>
    <input
      id="${of.name}"
      name="${of.name}"
      type="${of.type ?? 'text'}"
      autocomplete="${of.autocomplete}"
      value="${of.value ?? ''}"
      maxlength="${of.maxLength ?? 320}"
      autocapitalize="none"
      spellcheck="false"
      required${of.inputMode === undefined ? undefined : html` inputmode="${of.inputMode}"`}${of.hint === undefined ? undefined : html` aria-describedby="${hintId}"`}${of.isFocused === true ? html` autofocus` : undefined}
    />
    ${of.hint === undefined ? undefined : html`<p class="hint" id="${hintId}">${of.hint}</p>`}
  </div>`;
}

export const hidden = (name: string, value: string): Html =>
  html`<input type="hidden" name="${name}" value="${value}" />`;

export const submit = (label: string): Html => html`<button class="primary" type="submit">${label}</button>`;

/** Said before anything else by a screen reader. */
export const problem = (text: string | undefined): Html | undefined =>
  text === undefined ? undefined : html`<p class="note stop" role="alert">${text}</p>`;

export const notice = (text: string | undefined): Html | undefined =>
  text === undefined ? undefined : html`<p class="note" role="status">${text}</p>`;

/** A form that is nothing but a button. */
export const buttonForm = (action: string, label: string, fields: readonly Html[] = []): Html =>
  html`<form method="post" action="${action}">
    ${fields}<button class="quiet" type="submit">${label}</button>
  </form>`;
