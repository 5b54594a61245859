import { COOKIE } from '@switchyard/protocol';
import { describe, expect } from 'vitest';
import { PASSWORD, loginTest, openLogin, withPassword } from '../test/login-fixture.ts';

const session = async (browser: { get(path: string): Promise<{ text: string }> }) =>
  JSON.parse((await browser.get('/auth/session')).text) as Record<string, unknown>;

describe('password', () => {
  loginTest('the first administrator chooses one in the page and signs in with it', async ({ login }) => {
    const first = await login.signedIn('admin', 'privileged');
    const page = await first.get('/auth/password');
    expect(page.text).toContain('Choose a password');
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    const set = await first.post('/auth/password', { password: PASSWORD, again: PASSWORD });
    expect([set.status, set.to]).toEqual([303, '/']);
    const other = login.browser();
    const answer = await other.post('/auth/sign-in', { login: ' Admin ', password: PASSWORD, to: '/c/c-1' });
    expect([answer.status, answer.to]).toEqual([303, '/c/c-1']);
    expect(other.cookies.get(COOKIE.masked)).toMatch(/^[\w-]{43}$/);
    expect(answer.headers.getSetCookie()[0]).toMatch(
      /^__Secure-LMTC=[\w-]{43}; Max-Age=604800; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
    );
    expect(await session(other)).toMatchObject({
      signed_in: true,
      user_id: 'admin',
      user_type: 'privileged',
      has_password: true,
      sign_in: { method: 'password' },
    });
    expect(await session(login.browser())).toEqual({ signed_in: false });
  });

  loginTest(
    'under a name that no neighbour can set, where a setting says so',
    async ({ redis, postgres }) => {
      const login = await openLogin({ redis, postgres, env: { MASKED_COOKIE: '__Host-LMTC' } });
      await withPassword(login, 'ann');
      const answer = await login
        .browser()
        .post('/auth/sign-in', { login: 'ann', password: PASSWORD, to: '/' });
      const [cookie = ''] = answer.headers.getSetCookie();
      // What browsers ask of the name: Secure, the whole path, no domain.
      expect(cookie).toMatch(
        /^__Host-LMTC=[\w-]{43}; Max-Age=604800; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
      );
      const [, value = ''] = /=([\w-]{43});/.exec(cookie) ?? [];
      expect(await login.vault.unmask(value)).toBeDefined();
      await login.stop();
    },
  );

  loginTest('a wrong one, a wrong name, and one who is switched off look the same', async ({ login }) => {
    await withPassword(login, 'ann');
    await withPassword(login, 'bob');
    await login.users.setDisabled('bob', true);
    const tried = await Promise.all(
      [
        { login: 'ann', password: 'wrong horse battery' },
        { login: 'nobody', password: PASSWORD },
        { login: 'bob', password: PASSWORD },
      ].map(async (form) => {
        const { status, text } = await login.browser().post('/auth/sign-in', { ...form, to: '/' });
        return [status, text.replaceAll(form.login, '-')];
      }),
    );
    expect(tried[0]?.[0]).toBe(401);
    expect(tried[1]).toEqual(tried[0]);
    expect(tried[2]).toEqual(tried[0]);
  });

  loginTest('what cannot be one is refused, and the current one is asked for', async ({ login }) => {
    const browser = await withPassword(login, 'ann');
    const other = login.browser();
    await other.post('/auth/sign-in', { login: 'ann', password: PASSWORD, to: '/' });
    const change = (current: string, password: string, again = password) =>
      browser.post('/auth/password', { current, password, again });
    for (const [answer, words] of [
      [await change(PASSWORD, 'short'), 'shorter than 12'],
      [await change(PASSWORD, 'aaaaaaaaaaaaaaaa'), 'repeats itself'],
      [await change(PASSWORD, 'LeaveMeAlone'), 'attackers try first'],
      [await change(PASSWORD, 'Switchyard-ann-1'), 'a name of this site'],
      [await change(PASSWORD, 'a better password', 'another password'), 'not the same'],
      [await change('not the current one', 'a better password'), 'is another one'],
    ] as const) {
      expect(answer.status).toBe(422);
      expect(answer.text).toContain(words);
    }
    expect((await session(other))['signed_in']).toBe(true);
    expect((await change(PASSWORD, 'a better password')).to).toBe('/auth/account');
    // Whoever had the old one is out; the browser that changed it is not.
    expect((await session(other))['signed_in']).toBe(false);
    expect((await session(browser))['signed_in']).toBe(true);
    const again = await other.post('/auth/sign-in', { login: 'ann', password: PASSWORD, to: '/' });
    expect(again.status).toBe(401);
  });

  loginTest('who asks for JSON is told by a stable type', async ({ login }) => {
    const browser = await login.signedIn('ann');
    const typeOf = async (password: string, again = password) => {
      const answer = await browser.post(
        '/auth/password',
        { password, again },
        { accept: 'application/json' },
      );
      const { detail } = JSON.parse(answer.text) as { detail: { error_type: string; error: string } };
      expect(detail.error).toMatch(/\.$/);
      return [answer.status, detail.error_type];
    };
    expect(await typeOf('short')).toEqual([422, 'auth.password_too_short']);
    expect(await typeOf('x'.repeat(300))).toEqual([422, 'auth.password_too_long']);
    expect(await typeOf('abcabcabcabcabc')).toEqual([422, 'auth.password_too_simple']);
    expect(await typeOf('leavemealone1')).toEqual([422, 'auth.password_too_common']);
    expect(await typeOf('switchyard2026')).toEqual([422, 'auth.password_of_names']);
    expect(await typeOf(PASSWORD, 'another')).toEqual([422, 'auth.password_unlike']);
    const answer = await login.browser().post('/auth/password', {}, { accept: 'application/json' });
    expect(JSON.parse(answer.text)).toMatchObject({ detail: { error_type: 'request.invalid' } });
  });

  loginTest('words of the installation are its own to say', async ({ redis, postgres }) => {
    const env = { PASSWORD_WORDS: 'Bluebird, tower', PUBLIC_URL: 'http://chat.acme.example:8080' };
    const login = await openLogin({ redis, postgres, env });
    const browser = await login.signedIn('ann');
    for (const password of ['bluebird-tower', 'Acme.Bluebird', `${redis.tenant}-2026`]) {
      const answer = await browser.post('/auth/password', { password, again: password });
      expect([password, answer.status]).toEqual([password, 422]);
      expect(answer.text).toContain('a name of this site');
    }
    await login.stop();
  });

  loginTest('two changes at once: one of them is told that it came too late', async ({ login }) => {
    const browser = await withPassword(login, 'ann');
    const answers = await Promise.all(
      ['a better password', 'an even better one'].map((password) =>
        browser.post('/auth/password', { current: PASSWORD, password, again: password }),
      ),
    );
    expect(answers.map((each) => each.status).toSorted((a, b) => a - b)).toEqual([303, 422]);
  });

  loginTest('the account of an issuer has none', async ({ login }) => {
    const browser = await login.signedIn('oidc:ann');
    expect((await browser.get('/auth/password')).to).toBe('/auth/account');
    const answer = await browser.post('/auth/password', { password: PASSWORD, again: PASSWORD });
    expect(answer.status).toBe(422);
  });
});

describe('limits', () => {
  loginTest('who guesses at an account locks neither its owner nor his neighbours out', async ({ login }) => {
    const owner = await withPassword(login, 'ann');
    owner.cookies.delete(COOKIE.masked);
    const guess = (browser: typeof owner, password = 'wrong horse battery') =>
      browser.post('/auth/sign-in', { login: 'ann', password, to: '/' });
    const statuses: number[] = [];
    for (let count = 0; count < 12; count++)
      statuses.push((await guess(login.browser({ address: `198.51.100.${count}` }))).status);
    expect(statuses).toEqual([...Array.from({ length: 10 }, () => 401), 429, 429]);
    const refused = await guess(login.browser({ address: '203.0.113.9' }), PASSWORD);
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(refused.text).toContain('Too many attempts');
    expect((await guess(owner, PASSWORD)).status).toBe(303);
    // A browser that is known for one account is a stranger to another.
    await withPassword(login, 'bob');
    const other = await owner.post('/auth/sign-in', { login: 'bob', password: PASSWORD, to: '/' });
    expect(other.status).toBe(303);
  });

  loginTest(
    'an address that tries many accounts is stopped; good sign-ins are not counted',
    async ({ redis, postgres }) => {
      const login = await openLogin({ redis, postgres, env: { ATTEMPTS_OF_ADDRESS: '3/10m' } });
      await withPassword(login, 'ann');
      const address = '2001:db8:1:2:3:4:5:6';
      const attempt = async (name: string, password: string, from = address) =>
        (await login.browser({ address: from }).post('/auth/sign-in', { login: name, password, to: '/' }))
          .status;
      for (let count = 0; count < 5; count++) expect(await attempt('ann', PASSWORD)).toBe(303);
      for (const name of ['a', 'b', 'c']) expect(await attempt(name, PASSWORD)).toBe(401);
      expect(await attempt('ann', PASSWORD, '2001:db8:1:2::7')).toBe(429);
      expect(await attempt('ann', PASSWORD, '2001:db8:1:3::7')).toBe(303);
      await login.stop();
    },
  );
});

describe('sign-ins', () => {
  loginTest('are shown, ended one by one and everywhere else', async ({ login }) => {
    const here = await withPassword(login, 'ann');
    const [phone, laptop] = [login.browser(), login.browser()];
    for (const each of [phone, laptop])
      await each.post('/auth/sign-in', { login: 'ann', password: PASSWORD, to: '/' });
    const page = await here.get('/auth/account');
    expect(page.text.match(/Chrome on Linux|Unknown browser/g)).toHaveLength(3);
    const [, id = ''] = /name="sign_in_id" value="([^"]+)"/.exec(page.text) ?? [];
    expect((await here.post('/auth/sign-ins/end', { sign_in_id: id })).to).toBe('/auth/account?ended=1');
    const states = async () => [await session(phone), await session(laptop)].map((each) => each['signed_in']);
    expect((await states()).filter(Boolean)).toHaveLength(1);
    expect((await here.post('/auth/sign-ins/end-others', {})).to).toBe('/auth/account?ended=1');
    expect(await states()).toEqual([false, false]);
    const stranger = await withPassword(login, 'bob');
    const [own] = await login.identity.signIns.list('ann');
    const answer = await stranger.post('/auth/sign-ins/end', { sign_in_id: own?.sign_in_id ?? '' });
    expect(answer.status).toBe(404);
    expect((await session(here))['signed_in']).toBe(true);
  });

  loginTest('an old one ends others only with the password once more', async ({ login }) => {
    const here = await withPassword(login, 'ann');
    const there = login.browser();
    await there.post('/auth/sign-in', { login: 'ann', password: PASSWORD, to: '/' });
    await login.sql.query({ text: "update sign_in set created_at = now() - interval '1 hour'" });
    const [, id = ''] =
      /name="sign_in_id" value="([^"]+)"/.exec((await here.get('/auth/account')).text) ?? [];
    for (const [path, form] of [
      ['/auth/sign-ins/end', { sign_in_id: id }],
      ['/auth/sign-ins/end-others', {}],
    ] as const) {
      const asked = await here.post(path, form);
      expect([path, asked.status]).toEqual([path, 200]);
      expect(asked.text).toContain('Is it you?');
      expect(asked.text).toContain(`action="${path}"`);
      const wrong = await here.post(path, { ...form, password: 'wrong horse battery' });
      expect([path, wrong.status]).toEqual([path, 422]);
      const script = await here.post(path, form, { accept: 'application/json' });
      expect([script.status, script.text]).toEqual([403, expect.stringContaining('"auth.prove_again"')]);
      expect((await session(there))['signed_in']).toBe(true);
    }
    const ended = await here.post('/auth/sign-ins/end', { sign_in_id: id, password: PASSWORD });
    expect(ended.to).toBe('/auth/account?ended=1');
    expect((await session(there))['signed_in']).toBe(false);
    // By links alone there is nothing to ask for.
    const guestless = await login.signedIn('bob');
    await login.sql.query({ text: "update sign_in set created_at = now() - interval '1 hour'" });
    expect((await guestless.post('/auth/sign-ins/end-others', {})).to).toBe('/auth/account?ended=0');
  });

  loginTest('signing out ends this one, its cookies and nothing else', async ({ login }) => {
    const here = await withPassword(login, 'ann');
    const there = login.browser();
    await there.post('/auth/sign-in', { login: 'ann', password: PASSWORD, to: '/' });
    const kept = there.cookies.get(COOKIE.masked) ?? '';
    const answer = await there.post('/auth/session/end', {});
    expect(JSON.parse(answer.text)).toEqual({
      ok: true,
      invalidated: true,
      to: '/auth/sign-in?note=signed-out',
    });
    expect(there.cookies.has(COOKIE.masked)).toBe(false);
    expect(await login.vault.unmask(kept)).toBeUndefined();
    expect((await session(here))['signed_in']).toBe(true);
    expect((await here.post('/auth/logout', {})).to).toBe('/auth/sign-in?note=signed-out');
    expect((await here.get('/auth/account')).to).toBe('/auth/sign-in?to=%2Fauth%2Faccount');
  });

  loginTest(
    'a token that has run out is made anew for web-proxy, until the sign-in ends',
    async ({ login }) => {
      const here = await withPassword(login, 'ann');
      const cookie = here.cookies.get(COOKIE.masked) ?? '';
      await login.redis.driver.del(login.keys.authMasked(login.vault.hashOf(cookie)));
      const renew = async (value: unknown) => {
        const response = await fetch(`${login.url}/internal/renew`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ cookie: value }),
        });
        return [response.status, ((await response.json()) as { outcome?: string }).outcome];
      };
      expect(await session(here)).toEqual({ signed_in: false });
      expect(await renew(cookie)).toEqual([200, 'renewed']);
      expect((await session(here))['user_id']).toBe('ann');
      await login.identity.signIns.endAll('ann');
      expect(await renew(cookie)).toEqual([200, 'ended']);
      expect(await renew('x')).toEqual([200, 'ended']);
      expect((await renew(7))[0]).toBe(400);
    },
  );
});
