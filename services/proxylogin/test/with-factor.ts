import { expect } from 'vitest';
import { codeAt } from '../src/accounts/totp.ts';
import { PASSWORD, withPassword } from './login-fixture.ts';
import type { LoginBench } from './login-fixture.ts';

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
/** As an app does it: from what the page shows for typing. */
export const readSecret = (page: string): Buffer => {
  const [, shown = ''] = /<code>([A-Z2-7 ]+)<\/code>/.exec(page) ?? [];
  const bits = Array.from(shown.replaceAll(' ', ''), (each) =>
    BASE32.indexOf(each).toString(2).padStart(5, '0'),
  ).join('');
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
};
export const codeNow = (secret: Buffer, offset = 0): string =>
  codeAt(secret, Math.floor(Date.now() / 30_000) + offset);

/** A person with a password and a second factor. */
export async function withFactor(login: LoginBench, userId: string) {
  const browser = await withPassword(login, userId);
  const secret = readSecret((await browser.get('/auth/second-factor')).text);
  const on = await browser.post('/auth/second-factor', { password: PASSWORD, code: codeNow(secret) });
  expect(on.status).toBe(200);
  const codes = [...on.text.matchAll(/<code>([0-9A-Z]{5}-[0-9A-Z]{5})<\/code>/g)].map(
    ([, code = '']) => code,
  );
  expect(codes).toHaveLength(10);
  // As if it had been set up long ago: the codes of this step and the next one are still to be had, however slow the machine is.
  await login.sql.query({ text: 'update app_user set totp_last_step = 0' });
  return { browser, secret, codes };
}
