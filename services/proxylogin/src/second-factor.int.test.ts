import { COOKIE } from '@switchyard/protocol';
import { describe, expect } from 'vitest';
import type { Browser } from '../test/browser.ts';
import { PASSWORD, loginTest, withPassword } from '../test/login-fixture.ts';
import type { LoginBench } from '../test/login-fixture.ts';
import { codeAt } from './accounts/totp.ts';

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
/** As an app does it: from what the page shows for typing. */
const readSecret = (page: string): Buffer => {
  const [, shown = ''] = /<code>([A-Z2-7 ]+)<\/code>/.exec(page) ?? [];
  const bits = Array.from(shown.replaceAll(' ', ''), (each) =>
    BASE32.indexOf(each).toString(2).padStart(5, '0'),
  ).join('');
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
};
const codeNow = (secret: Buffer, offset = 0): string =>
  codeAt(secret, Math.floor(Date.now() / 30_000) + offset);

async function withFactor(login: LoginBench, userId: string) {
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

const begin = async (login: LoginBench, to = '/'): Promise<Browser> => {
  const browser = login.browser();
  const answer = await browser.post('/auth/sign-in', { login: 'ann', password: PASSWORD, to });
  expect([answer.status, answer.to]).toEqual([303, '/auth/code']);
  expect(browser.cookies.has(COOKIE.masked)).toBe(false);
  return browser;
};

describe('one-time codes', () => {
  loginTest('a password alone is not enough, and a code works once', async ({ login }) => {
    const { secret } = await withFactor(login, 'ann');
    const browser = await begin(login, '/c/c-1');
    expect((await browser.get('/auth/session')).text).toBe('{"signed_in":false}');
    expect((await browser.get('/auth/account')).to).toContain('/auth/sign-in');
    expect((await browser.post('/auth/code', { code: '000000' })).status).toBe(401);
    const code = codeNow(secret);
    const answer = await browser.post('/auth/code', { code: `${code.slice(0, 3)} ${code.slice(3)}` });
    expect([answer.status, answer.to]).toEqual([303, '/c/c-1']);
    expect(JSON.parse((await browser.get('/auth/session')).text)).toMatchObject({
      user_id: 'ann',
      sign_in: { method: 'password+code' },
    });
    const second = await begin(login);
    expect((await second.post('/auth/code', { code })).status).toBe(401);
    expect((await second.post('/auth/code', { code: codeNow(secret, 1) })).status).toBe(303);
    // The half-way mark went with it.
    expect((await second.post('/auth/code', { code: codeNow(secret, 1) })).to).toBe(
      '/auth/sign-in?note=code-late',
    );
  });

  loginTest('of many with one code one gets in; nobody does without a mark', async ({ login }) => {
    const { secret } = await withFactor(login, 'ann');
    const browsers = [await begin(login), await begin(login), await begin(login)];
    const code = codeNow(secret);
    const answers = await Promise.all(browsers.map((each) => each.post('/auth/code', { code })));
    expect(answers.map((each) => each.status).toSorted((a, b) => a - b)).toEqual([303, 401, 401]);
    const stranger = login.browser();
    stranger.cookies.set('__Host-SYHW', 'A'.repeat(43));
    expect((await stranger.post('/auth/code', { code: codeNow(secret, 1) })).to).toBe(
      '/auth/sign-in?note=code-late',
    );
  });

  loginTest('recovery codes work once each, as they may be typed', async ({ login }) => {
    const { browser, codes } = await withFactor(login, 'ann');
    const [first = '', second = ''] = codes;
    const one = await begin(login);
    expect(
      (await one.post('/auth/code', { code: first.toLowerCase().replace('-', ' '), by: 'recovery' })).status,
    ).toBe(303);
    const two = await begin(login);
    expect((await two.post('/auth/code', { code: first, by: 'recovery' })).status).toBe(401);
    expect((await two.post('/auth/code', { code: second, by: 'recovery' })).status).toBe(303);
    expect((await browser.get('/auth/account')).text).toContain('On, 8 recovery codes left');
  });

  loginTest('who guesses codes is stopped, and the owner’s own browser is not', async ({ login }) => {
    const { browser: owner, secret } = await withFactor(login, 'ann');
    const guesser = await begin(login);
    const statuses = [];
    for (let count = 0; count < 11; count++)
      statuses.push((await guesser.post('/auth/code', { code: '000000' })).status);
    expect(statuses).toEqual([...Array.from({ length: 10 }, () => 401), 429]);
    expect((await guesser.post('/auth/code', { code: codeNow(secret) })).status).toBe(429);
    owner.cookies.delete(COOKIE.masked);
    await owner.post('/auth/sign-in', { login: 'ann', password: PASSWORD, to: '/' });
    expect((await owner.post('/auth/code', { code: codeNow(secret) })).status).toBe(303);
  });

  loginTest(
    'setting it up and switching it off ask for the password; the secret is not in clear',
    async ({ login, postgres }) => {
      const browser = await withPassword(login, 'ann');
      const other = login.browser();
      await other.post('/auth/sign-in', { login: 'ann', password: PASSWORD, to: '/' });
      const secret = readSecret((await browser.get('/auth/second-factor')).text);
      expect(readSecret((await browser.get('/auth/second-factor')).text)).toEqual(secret);
      const code = codeNow(secret);
      const on = (password: string, given: string) =>
        browser.post('/auth/second-factor', { password, code: given });
      expect((await on('wrong horse battery', code)).status).toBe(422);
      expect((await on(PASSWORD, '000000')).status).toBe(422);
      expect((await on(PASSWORD, code)).status).toBe(200);
      expect((await other.get('/auth/session')).text).toBe('{"signed_in":false}');
      const rows = await postgres.sql.query<{ text: string }>({
        text: "select encode(totp_sealed, 'escape') as text from app_user",
      });
      expect(rows[0]?.text).not.toContain(secret.toString('latin1'));
      const off = (password: string, given: string) =>
        browser.post('/auth/second-factor/remove', { password, code: given });
      expect((await off('wrong horse battery', codeNow(secret, 1))).status).toBe(422);
      expect((await off(PASSWORD, '000000')).status).toBe(422);
      expect((await off(PASSWORD, codeNow(secret, 1))).to).toBe('/auth/account');
      const again = await login
        .browser()
        .post('/auth/sign-in', { login: 'ann', password: PASSWORD, to: '/' });
      expect(again.to).toBe('/');
    },
  );

  loginTest('a browser that was signed in as another is asked all the same', async ({ login }) => {
    await withFactor(login, 'ann');
    const bob = await withPassword(login, 'bob');
    const answer = await bob.post('/auth/sign-in', { login: 'ann', password: PASSWORD, to: '/' });
    expect(answer.to).toBe('/auth/code');
    expect(JSON.parse((await bob.get('/auth/session')).text)).toMatchObject({ user_id: 'bob' });
  });
});
