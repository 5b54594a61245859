import { deriveKey, macHex } from '@switchyard/identity';
import { Secret } from '@switchyard/kernel';
import { COOKIE } from '@switchyard/protocol';
import { describe, expect } from 'vitest';
import type { Browser } from '../test/browser.ts';
import { MASTER_KEY, PASSWORD, loginTest, openLogin, withPassword } from '../test/login-fixture.ts';
import type { LoginBench } from '../test/login-fixture.ts';
import { codeNow, readSecret, withFactor } from '../test/with-factor.ts';

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

describe('where a second factor is required', () => {
  loginTest('a password leads to setting it up, and nowhere else', async ({ redis, postgres }) => {
    const env = { SECOND_FACTOR_REQUIRED: 'privileged, paid' };
    const login = await openLogin({ redis, postgres, env });
    const root = await login.signedIn('root', 'privileged');
    const set = await root.post('/auth/password', { password: PASSWORD, again: PASSWORD });
    expect(set.to).toBe('/auth/second-factor');
    const browser = login.browser();
    const form = { login: 'root', password: PASSWORD, to: '/c/c-1' };
    expect((await browser.post('/auth/sign-in', form)).to).toBe('/auth/enrol');
    expect(browser.cookies.has(COOKIE.masked)).toBe(false);
    expect((await browser.get('/auth/account')).to).toContain('/auth/sign-in');
    // The mark of somebody without a second factor passes for no code.
    expect((await browser.post('/auth/code', { code: '000000' })).status).toBe(401);
    const page = await browser.get('/auth/enrol');
    expect(page.text).toContain('A password alone is not enough');
    const secret = readSecret(page.text);
    expect((await browser.post('/auth/code', { code: codeNow(secret) })).status).toBe(401);
    expect((await browser.post('/auth/enrol', { code: '000000' })).status).toBe(422);
    expect(browser.cookies.has(COOKIE.masked)).toBe(false);
    const on = await browser.post('/auth/enrol', { code: codeNow(secret) });
    expect(on.text.match(/<code>[0-9A-Z]{5}-[0-9A-Z]{5}<\/code>/g)).toHaveLength(10);
    expect(on.text).toContain('href="/c/c-1"');
    expect(JSON.parse((await browser.get('/auth/session')).text)).toMatchObject({
      user_id: 'root',
      sign_in: { method: 'password+code' },
    });
    // Who was in without one is out.
    expect((await root.get('/auth/session')).text).toBe('{"signed_in":false}');
    await login.sql.query({ text: 'update app_user set totp_last_step = 0' });
    expect((await login.browser().post('/auth/sign-in', form)).to).toBe('/auth/code');
    const removed = await browser.post('/auth/second-factor/remove', {
      password: PASSWORD,
      code: codeNow(secret, 1),
    });
    expect(removed.to).toBe('/auth/sign-in?note=factor-off');
    expect((await browser.get('/auth/session')).text).toBe('{"signed_in":false}');
    expect((await browser.post('/auth/sign-in', form)).to).toBe('/auth/enrol');
    await withPassword(login, 'ann');
    const other = login.browser();
    const ann = await other.post('/auth/sign-in', { login: 'ann', password: PASSWORD, to: '/' });
    expect([ann.to, other.cookies.has(COOKIE.masked)]).toEqual(['/', true]);
    await login.stop();
  });

  loginTest('nobody sets one up for somebody without a mark of his', async ({ redis, postgres }) => {
    const login = await openLogin({ redis, postgres, env: { SECOND_FACTOR_REQUIRED: 'registered' } });
    const stranger = login.browser();
    for (const mark of [undefined, 'A'.repeat(43)]) {
      if (mark !== undefined) stranger.cookies.set('__Host-SYHW', mark);
      expect((await stranger.get('/auth/enrol')).to).toBe('/auth/sign-in?note=code-late');
      expect((await stranger.post('/auth/enrol', { code: '000000' })).to).toBe(
        '/auth/sign-in?note=code-late',
      );
    }
    await login.stop();
    await expect(
      openLogin({ redis, postgres, env: { SECOND_FACTOR_REQUIRED: 'everybody' } }),
    ).rejects.toThrow('SECOND_FACTOR_REQUIRED');
  });

  loginTest('recovery codes from before they were hashed slowly work on', async ({ login }) => {
    const { codes } = await withFactor(login, 'ann');
    const rows = await login.sql.query<{ code_hash: string }>({
      text: 'select code_hash from recovery_code',
    });
    expect(rows.every((row) => row.code_hash.startsWith('$argon2id$'))).toBe(true);
    const former = deriveKey(new Secret(MASTER_KEY), 'recovery-code');
    await login.sql.query({ text: 'delete from recovery_code' });
    for (const code of codes)
      await login.sql.query({
        text: `insert into recovery_code (tenant, project, user_id, code_hash) select tenant, project, user_id, $1 from app_user`,
        values: [macHex(former, ['ann', code.replace('-', '')], 16)],
      });
    const browser = await begin(login);
    const form = { code: codes[3] ?? '', by: 'recovery' };
    expect((await browser.post('/auth/code', form)).status).toBe(303);
    expect((await (await begin(login)).post('/auth/code', form)).status).toBe(401);
  });
});
