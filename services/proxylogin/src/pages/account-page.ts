import type { SignInRow } from '@switchyard/store';
import { html } from './html.ts';
import type { Html } from './html.ts';
import type { PageContent } from './layout.ts';
import { buttonForm, hidden, notice } from './parts.ts';
import { texts } from './texts.ts';

export interface AccountView {
  readonly name: string;
  readonly hasPassword: boolean;
  /** At an issuer there is nothing to set here. */
  readonly mayHavePassword: boolean;
  readonly hasSecondFactor: boolean;
  readonly isFactorRequired: boolean;
  readonly recoveryCodesLeft: number;
  readonly signIns: readonly SignInRow[];
  readonly currentId: string | undefined;
  readonly notice?: string | undefined;
}

const words = texts.account;
const DAY_MINUTE = new Intl.DateTimeFormat('en', {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
  hour12: false,
  timeZone: 'UTC',
});

export function accountPage(view: AccountView): PageContent {
  return {
    title: words.title,
    isWide: true,
    body: html`${notice(view.notice)}
      <dl>
        <div>
          <dt>${words.signedInAs}</dt>
          <dd>${view.name}</dd>
        </div>
        ${view.mayHavePassword ? passwordRow(view) : undefined}${view.hasPassword ? factorRow(view) : undefined}
      </dl>
      <h2>${words.devices}</h2>
      <ul class="rows">
        ${view.signIns.map((row) => deviceRow(row, view.currentId))}
      </ul>
      <div class="actions">
        ${view.signIns.length > 1 ? buttonForm('/auth/sign-ins/end-others', words.endOthers) : undefined}${buttonForm('/auth/logout', words.signOut)}
      </div>
      <p class="aside"><a href="/">${words.back}</a></p>`,
  };
}

function passwordRow({ hasPassword }: AccountView): Html {
  const [state, action] = hasPassword
    ? [words.hasPassword, words.changePassword]
    : [words.noPassword, words.setPassword];
  return html`<div>
    <dt>${words.password}</dt>
    <dd>${state}</dd>
    <dd class="act"><a href="/auth/password">${action}</a></dd>
  </div>`;
}

function factorRow({ hasSecondFactor, isFactorRequired, recoveryCodesLeft }: AccountView): Html {
  const off = isFactorRequired ? words.setUpAnew : words.switchOff;
  const [state, action, path] = hasSecondFactor
    ? [words.factorOn(recoveryCodesLeft), off, '/auth/second-factor/remove']
    : [words.factorOff, words.setUp, '/auth/second-factor'];
  return html`<div>
    <dt>${words.factor}</dt>
    <dd>${state}</dd>
    <dd class="act"><a href="${path}">${action}</a></dd>
  </div>`;
}

function deviceRow(row: SignInRow, currentId: string | undefined): Html {
  const isHere = row.sign_in_id === currentId;
  const how = words.methods[row.method] ?? row.method;
  const when = words.since(`${DAY_MINUTE.format(row.created_at)} UTC`);
  return html`<li>
    <div>
      <strong>${nameBrowser(row.user_agent)}</strong
      >${isHere ? html` <span class="tag">${words.here}</span>` : undefined}
      <p class="hint">${how}, ${when}</p>
    </div>
    ${isHere ? undefined : buttonForm('/auth/sign-ins/end', words.end, [hidden('sign_in_id', row.sign_in_id)])}
  </li>`;
}

const BROWSERS: readonly (readonly [RegExp, string])[] = [
  [/\bEdg\//, 'Edge'],
  [/\bFirefox\//, 'Firefox'],
  [/\bOPR\//, 'Opera'],
  [/\b(Headless)?Chrome\//, 'Chrome'],
  [/\bSafari\//, 'Safari'],
];
const SYSTEMS: readonly (readonly [RegExp, string])[] = [
  [/\b(iPhone|iPad)\b/, 'iOS'],
  [/\bAndroid\b/, 'Android'],
  [/\bWindows\b/, 'Windows'],
  [/\bMac OS X\b/, 'macOS'],
  [/\bLinux\b/, 'Linux'],
];

/** Enough to know it again; what a browser says of itself is no proof of anything. */
function nameBrowser(userAgent: string | null): string {
  const find = (names: typeof BROWSERS) => names.find(([pattern]) => pattern.test(userAgent ?? ''))?.[1];
  const [browser, system] = [find(BROWSERS), find(SYSTEMS)];
  if (browser === undefined) return words.unknownDevice;
  return system === undefined ? browser : `${browser} on ${system}`;
}
