import { encode } from 'uqr';
import { html } from './html.ts';
import type { Html } from './html.ts';
import type { PageContent } from './layout.ts';
import { field, hidden, problem as say, submit } from './parts.ts';
import { texts } from './texts.ts';

const words = texts.code;
const CODE_FIELD = {
  name: 'code',
  label: words.code,
  autocomplete: 'one-time-code',
  inputMode: 'numeric',
  maxLength: 32,
  isFocused: true,
} as const;

/** The second step of signing in. */
export function codePage(view: { problem?: string; isRecovery: boolean }): PageContent {
  const { problem, isRecovery } = view;
  const recovery = { ...CODE_FIELD, label: words.recovery, autocomplete: 'off', inputMode: undefined };
  return {
    title: isRecovery ? words.recoveryTitle : words.title,
    lead: isRecovery ? words.recoveryLead : words.lead,
    body: html`${say(problem)}
      <form method="post" action="/auth/code">
        ${isRecovery ? hidden('by', 'recovery') : undefined}
        ${field(isRecovery ? { ...recovery, inputMode: 'text' } : CODE_FIELD)} ${submit(words.submit)}
      </form>
      <p class="aside">
        <a href="${isRecovery ? '/auth/code' : '/auth/code?by=recovery'}"
          >${isRecovery ? words.useApp : words.useRecovery}</a
        >
        <a href="/auth/sign-in">${words.again}</a>
      </p>`,
  };
}

export interface SetUpView {
  readonly uri: string;
  /** In groups of four, for typing it. */
  readonly secret: string;
  readonly login: string;
  readonly problem?: string;
  /** At signing in: the password was shown a moment ago. */
  readonly isEnrolling?: boolean;
}

export function setUpPage(view: SetUpView): PageContent {
  const { uri, secret, problem, isEnrolling = false } = view;
  return {
    title: words.setUpTitle,
    lead: isEnrolling ? words.enrolLead : undefined,
    isWide: true,
    body: html`${say(problem)}
      <ol class="steps">
        <li>
          <p>${words.scan}</p>
          ${qrCode(uri)}
          <p class="hint">${words.orType} <code>${secret}</code></p>
        </li>
        <li>
          <p>${isEnrolling ? words.confirmCode : words.confirm}</p>
          <form method="post" action="${isEnrolling ? '/auth/enrol' : '/auth/second-factor'}">
            ${isEnrolling ? undefined : ownPassword(view)} ${field({ ...CODE_FIELD, isFocused: isEnrolling })}
            ${submit(words.switchOn)}
          </form>
        </li>
      </ol>
      <p class="aside">
        <a href="${isEnrolling ? '/auth/sign-in' : '/auth/account'}"
          >${isEnrolling ? words.again : texts.password.later}</a
        >
      </p>`,
  };
}

/** With the name that a password manager looks for. */
const ownPassword = ({ login }: SetUpView): Html =>
  html`<input
      class="unseen"
      type="text"
      name="username"
      autocomplete="username"
      value="${login}"
      readonly
      tabindex="-1"
      aria-hidden="true"
    />
    ${field({ name: 'password', label: texts.password.current, type: 'password', autocomplete: 'current-password', maxLength: 512 })}`;

/** Shown once: what is kept of them is a hash. */
export function recoveryPage(codes: readonly string[], to = '/auth/account'): PageContent {
  return {
    title: words.codesTitle,
    lead: words.codesLead,
    isWide: true,
    body: html`<ul class="codes">
        ${codes.map((code) => html`<li><code>${code}</code></li>`)}
      </ul>
      <a class="button primary" href="${to}">${words.kept}</a>`,
  };
}

export function removePage(view: { isRequired: boolean; problem?: string }): PageContent {
  return {
    title: words.removeTitle,
    lead: view.isRequired ? words.removeRequiredLead : words.removeLead,
    body: html`${say(view.problem)}
      <form method="post" action="/auth/second-factor/remove">
        ${field({ name: 'password', label: texts.password.current, type: 'password', autocomplete: 'current-password', maxLength: 512, isFocused: true })}
        ${field({ ...CODE_FIELD, label: words.codeOrRecovery, inputMode: 'text', isFocused: false })}
        ${submit(words.switchOff)}
      </form>
      <p class="aside"><a href="/auth/account">${texts.password.later}</a></p>`,
  };
}

/** Black on white in both themes: cameras are used to it. */
function qrCode(text: string): Html {
  const { data, size } = encode(text, { ecc: 'M', border: 4 });
  const dots = data.flatMap((row, y) => row.flatMap((isDark, x) => (isDark ? [`M${x} ${y}h1v1h-1z`] : [])));
  return html`<svg
    class="qr"
    viewBox="0 0 ${size} ${size}"
    role="img"
    aria-label="${words.square}"
    shape-rendering="crispEdges"
  >
    <path d="${dots.join('')}" />
  </svg>`;
}
