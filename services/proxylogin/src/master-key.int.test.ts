import { COOKIE } from '@switchyard/protocol';
import { waitUntil } from '@switchyard/testkit';
import { expect } from 'vitest';
import type { Browser } from '../test/browser.ts';
import { PASSWORD, loginTest, openLogin, withPassword } from '../test/login-fixture.ts';
import type { LoginBench } from '../test/login-fixture.ts';
import { codeNow, withFactor } from '../test/with-factor.ts';

const OLD = 'the-first-master-key-of-32-chars-or-more';
const NEW = 'the-second-master-key-of-32-chars-or-more';

/** The same browser, at the installation as it is now. */
const moved = (login: LoginBench, from: Browser): Browser => {
  const browser = login.browser();
  for (const [name, value] of from.cookies) browser.cookies.set(name, value);
  return browser;
};
const whoIs = async (browser: Browser): Promise<unknown> =>
  (JSON.parse((await browser.get('/auth/session')).text) as { user_id?: unknown }).user_id;

async function signIn(login: LoginBench, user: string, form?: Record<string, string>): Promise<Browser> {
  const browser = login.browser();
  const first = await browser.post('/auth/sign-in', { login: user, password: PASSWORD, to: '/' });
  expect([first.status, first.to]).toEqual([303, form === undefined ? '/' : '/auth/code']);
  if (form !== undefined) expect((await browser.post('/auth/code', form)).status).toBe(303);
  expect(await whoIs(browser)).toBe(user);
  return browser;
}

/** As when a phone's code comes half a minute later. */
const forgetStep = (login: LoginBench) =>
  login.sql.query({ text: 'update app_user set totp_last_step = 0 where totp_last_step is not null' });
const recovery = (code = '') => ({ code, by: 'recovery' });

loginTest(
  'the master key is replaced: passwords, codes of the app and on paper, and sign-ins go on',
  async ({ redis, postgres }) => {
    const open = (env: Record<string, string>) => openLogin({ redis, postgres, env });
    const hashOf = async (login: LoginBench, userId: string) =>
      (await login.accounts.find(userId))?.password_hash;
    const before = await open({ SWITCHYARD_MASTER_KEY: OLD });
    const { browser: phone, secret, codes } = await withFactor(before, 'ann');
    // Nobody who signs in before the former key is gone.
    await withPassword(before, 'bob');
    const hashes = [await hashOf(before, 'ann'), await hashOf(before, 'bob')];
    const sealed = (await before.accounts.find('ann'))?.totp_sealed;
    await before.stop();

    const between = await open({ SWITCHYARD_MASTER_KEY: NEW, SWITCHYARD_MASTER_KEY_FORMER: OLD });
    const here = moved(between, phone);
    expect(await whoIs(here)).toBe('ann');
    await waitUntil('the secret is sealed anew', async () => {
      const now = (await between.accounts.find('ann'))?.totp_sealed;
      return sealed?.equals(now ?? Buffer.of()) === false;
    });
    await signIn(between, 'ann', { code: codeNow(secret) });
    await signIn(between, 'ann', recovery(codes[0]));
    expect(await hashOf(between, 'ann')).not.toBe(hashes[0]);
    expect(await hashOf(between, 'bob')).toBe(hashes[1]);
    const wrong = { login: 'bob', password: 'wrong horse battery', to: '/' };
    expect((await between.browser().post('/auth/sign-in', wrong)).status).toBe(401);
    // Its token's time comes, and the next one is made.
    const cookie = here.cookies.get(COOKIE.masked) ?? '';
    await between.redis.driver.del(between.keys.authMasked(between.vault.hashOf(cookie)));
    expect(await between.identity.signIns.renew(cookie)).toBe('renewed');
    await between.stop();

    const after = await open({ SWITCHYARD_MASTER_KEY: NEW });
    expect(await whoIs(moved(after, here))).toBe('ann');
    await forgetStep(after);
    await signIn(after, 'ann', { code: codeNow(secret) });
    await signIn(after, 'ann', recovery(codes[1]));
    const used = after.browser();
    await used.post('/auth/sign-in', { login: 'ann', password: PASSWORD, to: '/' });
    expect((await used.post('/auth/code', recovery(codes[0]))).status).toBe(401);
    await signIn(after, 'bob');
    expect(await hashOf(after, 'bob')).not.toBe(hashes[1]);
    await after.stop();

    await expect(open({ SWITCHYARD_MASTER_KEY: OLD })).rejects.toMatchObject({ code: 'CONFIG' });
    const third = 'a-master-key-that-nobody-has-ever-used-here';
    await expect(
      open({ SWITCHYARD_MASTER_KEY: third, SWITCHYARD_MASTER_KEY_FORMER: OLD }),
    ).rejects.toMatchObject({ code: 'CONFIG' });
  },
);
