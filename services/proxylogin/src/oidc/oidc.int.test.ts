import { COOKIE } from '@switchyard/protocol';
import { CLIENT_ID, openIssuer } from '@switchyard/testkit';
import type { IssuerLab } from '@switchyard/testkit';
import { SignJWT, generateKeyPair } from 'jose';
import { describe, expect } from 'vitest';
import type { Browser } from '../../test/browser.ts';
import { loginTest, openLogin } from '../../test/login-fixture.ts';
import type { LoginBench } from '../../test/login-fixture.ts';

const PUBLIC_URL = 'http://localhost:8080';
const ROLES = { OIDC_ROLES_MAP: 'staff=paid', OIDC_ROLES_CLAIM: 'roles' };

const oidcTest = loginTest.extend<{ issuer: IssuerLab; here: LoginBench }>({
  issuer: async ({ task: _task }, use) => {
    const issuer = await openIssuer();
    await use(issuer);
    await issuer.stop();
  },
  here: async ({ redis, postgres, issuer }, use) => {
    const here = await openLogin({ redis, postgres, env: { ...issuer.settings, ...ROLES, PUBLIC_URL } });
    await issuer.open({ publicUrl: PUBLIC_URL, inside: here.url });
    await use(here);
    await here.stop();
  },
});

const begin = async (browser: Browser, to = '/'): Promise<string> => {
  const start = await browser.get(`/auth/oidc/start?to=${encodeURIComponent(to)}`);
  expect(start.status).toBe(303);
  return start.to ?? '';
};
const pathOf = (back: URL): string => `${back.pathname}${back.search}`;
const session = async (browser: Browser) =>
  JSON.parse((await browser.get('/auth/session')).text) as Record<string, unknown>;

async function signIn({ here, issuer }: { here: LoginBench; issuer: IssuerLab }, login: string, to = '/') {
  const browser = here.browser();
  const there = await issuer.signIn(await begin(browser, to), login);
  const answer = await browser.get(pathOf(there.back), { 'sec-fetch-site': 'cross-site' });
  return { browser, answer, there: there.browser, back: there.back };
}

const renew = async (here: LoginBench, browser: Browser): Promise<unknown> => {
  const cookie = browser.cookies.get(COOKIE.masked) ?? '';
  await here.redis.driver.del(here.keys.authMasked(here.vault.hashOf(cookie)));
  const response = await fetch(`${here.url}/internal/renew`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ cookie }),
  });
  return [response.status, await response.json()];
};

describe('signing in at an issuer', () => {
  oidcTest('code flow with PKCE, state and nonce; the user is the issuer’s', async ({ here, issuer }) => {
    issuer.people.set('ann', { email: 'ann@example.com', roles: ['staff', 'admin'] });
    const link = new URL(await begin(here.browser()));
    for (const name of ['code_challenge', 'state', 'nonce'])
      expect(link.searchParams.get(name)).toMatch(/^[\w-]{43}$/);
    expect(link.searchParams.get('code_challenge_method')).toBe('S256');
    const { browser, answer } = await signIn({ here, issuer }, 'ann', '/c/c-1');
    expect([answer.status, answer.to]).toEqual([303, '/c/c-1']);
    expect(await session(browser)).toMatchObject({
      user_id: 'oidc:ann',
      username: 'ann',
      user_type: 'paid',
      has_password: false,
      sign_in: { method: 'oidc' },
    });
    expect(await here.users.find('oidc:ann')).toMatchObject({
      email: 'ann@example.com',
      roles: ['kdcube:role:paid'],
    });
  });

  oidcTest('an answer works once, and only in the browser that went', async ({ here, issuer }) => {
    const [browser, other] = [here.browser(), here.browser()];
    const { back } = await issuer.signIn(await begin(browser), 'ann');
    for (const stranger of [other, here.browser()]) {
      const answer = await stranger.get(pathOf(back));
      expect([answer.status, stranger.cookies.has(COOKIE.masked)]).toEqual([401, false]);
    }
    expect((await browser.get(pathOf(back))).status).toBe(303);
    const { browser: good, back: used } = await signIn({ here, issuer }, 'ann');
    good.cookies.delete(COOKIE.masked);
    expect((await good.get(pathOf(used))).status).toBe(401);
    expect(good.cookies.has(COOKIE.masked)).toBe(false);
  });

  oidcTest('two tabs at once both come back', async ({ here, issuer }) => {
    const browser = here.browser();
    const links = [await begin(browser, '/c/1'), await begin(browser, '/c/2')];
    for (const [at, link] of links.entries()) {
      const { back } = await issuer.signIn(link, 'ann');
      expect((await browser.get(pathOf(back))).to).toBe(`/c/${at + 1}`);
    }
  });

  oidcTest('a foreign code, a changed state, a refusal of the issuer', async ({ here, issuer }) => {
    const browser = here.browser();
    const mine = new URL(await begin(browser));
    const theirs = await issuer.signIn(await begin(here.browser()), 'mallory');
    // The attacker's code under the victim's state: PKCE and nonce are the victim's.
    const mixed = new URL(theirs.back);
    mixed.searchParams.set('state', mine.searchParams.get('state') ?? '');
    expect((await browser.get(pathOf(mixed))).status).toBe(401);
    const state = new URL(await begin(browser)).searchParams.get('state') ?? '';
    const denied = await browser.get(
      `/auth/oidc/callback?error=access_denied&state=${state}&iss=${issuer.url}`,
    );
    expect([denied.status, denied.text.includes('You are not signed in')]).toEqual([401, true]);
    for (const query of ['', '?code=x', '?code=x&state=y', `?code=x&state=${'A'.repeat(43)}`])
      expect((await browser.get(`/auth/oidc/callback${query}`)).status).toBe(401);
    expect(browser.cookies.has(COOKIE.masked)).toBe(false);
  });

  oidcTest(
    'nobody is led elsewhere, and a user who is switched off here stays out',
    async ({ here, issuer }) => {
      expect((await signIn({ here, issuer }, 'ann', 'https://evil.example')).answer.to).toBe('/');
      await here.users.setDisabled('oidc:ann', true);
      const { answer, browser } = await signIn({ here, issuer }, 'ann');
      expect([answer.status, answer.text.includes('switched off')]).toEqual([401, true]);
      expect(browser.cookies.has(COOKIE.masked)).toBe(false);
    },
  );

  oidcTest('a link of another site leads to our page, where he decides himself', async ({ here }) => {
    for (const site of ['cross-site', 'same-site']) {
      const answer = await here.browser().get('/auth/oidc/start?to=%2Fc%2Fc-1', { 'sec-fetch-site': site });
      expect([answer.status, answer.to, answer.headers.getSetCookie()]).toEqual([
        303,
        '/auth/sign-in?to=%2Fc%2Fc-1',
        [],
      ]);
    }
    const page = await here.browser().get('/auth/sign-in?to=%2Fc%2Fc-1');
    expect(page.text).toContain('href="/auth/oidc/start?to=%2Fc%2Fc-1"');
    for (const site of ['same-origin', 'none']) {
      const answer = await here.browser().get('/auth/oidc/start?to=/', { 'sec-fetch-site': site });
      expect(answer.to).toMatch(/code_challenge=/u);
    }
  });

  oidcTest('an issuer that is away is 503 with a page', async ({ here, issuer }) => {
    issuer.setDown(true);
    const answer = await here.browser().get('/auth/oidc/start?to=/');
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
    issuer.setDown(false);
    expect((await here.browser().get('/auth/oidc/start?to=/')).status).toBe(303);
  });
});

describe('renewal', () => {
  oidcTest('asks the issuer, takes over new roles, and ends when it says no', async ({ here, issuer }) => {
    issuer.people.set('ann', { roles: ['staff'] });
    const { browser } = await signIn({ here, issuer }, 'ann');
    const before = issuer.asked.token;
    issuer.people.set('ann', { roles: [] });
    expect(await renew(here, browser)).toEqual([200, { outcome: 'renewed' }]);
    expect(issuer.asked.token).toBe(before + 1);
    expect(await session(browser)).toMatchObject({ user_type: 'registered' });
    // The refresh token was turned over: the next one is used next.
    expect(await renew(here, browser)).toEqual([200, { outcome: 'renewed' }]);
    issuer.setDown(true);
    expect(await renew(here, browser)).toMatchObject([503, { detail: { error_type: 'unavailable' } }]);
    issuer.setDown(false);
    expect(await renew(here, browser)).toEqual([200, { outcome: 'renewed' }]);
    await issuer.revoke('ann');
    expect(await renew(here, browser)).toEqual([200, { outcome: 'ended' }]);
    expect(await session(browser)).toEqual({ signed_in: false });
  });
});

describe('proving oneself again', () => {
  oidcTest('who has no password here goes to the issuer, and comes back fresh', async ({ here, issuer }) => {
    const { browser } = await signIn({ here, issuer }, 'ann');
    const { browser: other } = await signIn({ here, issuer }, 'ann');
    await here.sql.query({ text: "update sign_in set created_at = now() - interval '1 hour'" });
    const led = await browser.post('/auth/sign-ins/end-others', {});
    expect(led.to).toBe('/auth/oidc/start?to=%2Fauth%2Faccount');
    expect(await session(other)).toMatchObject({ user_id: 'oidc:ann' });
    const { back } = await issuer.signIn((await browser.get(led.to ?? '')).to ?? '', 'ann');
    expect((await browser.get(pathOf(back))).to).toBe('/auth/account');
    expect((await browser.post('/auth/sign-ins/end-others', {})).to).toBe('/auth/account?ended=1');
    expect(await session(other)).toEqual({ signed_in: false });
  });
});

describe('signing out', () => {
  oidcTest(
    'leads to the issuer, which leads back, and ends the others by the back channel',
    async ({ here, issuer }) => {
      const { browser, there } = await signIn({ here, issuer }, 'ann');
      const second = here.browser();
      const again = await issuer.signIn(await begin(second), 'ann');
      await second.get(pathOf(again.back));
      const answer = JSON.parse((await browser.post('/auth/session/end', {})).text) as { to: string };
      const link = new URL(answer.to);
      expect([link.origin, link.searchParams.get('id_token_hint')?.split('.').length]).toEqual([
        issuer.url,
        3,
      ]);
      expect(await session(browser)).toEqual({ signed_in: false });
      // Another issuer session: it lives.
      expect((await session(second))['signed_in']).toBe(true);
      const back = await issuer.signOut(answer.to, there);
      expect(back.href).toBe(`${PUBLIC_URL}/auth/signed-out`);
      expect((await browser.get(back.pathname)).to).toBe('/auth/sign-in?note=signed-out');
      expect((await session(second))['signed_in']).toBe(true);
      // Signed out there without us: the issuer tells us.
      const end = `${issuer.url}/session/end`;
      await issuer.signOut(
        `${end}?client_id=${CLIENT_ID}&post_logout_redirect_uri=${PUBLIC_URL}/auth/signed-out`,
        again.browser,
      );
      await expect.poll(async () => (await session(second))['signed_in']).toBe(false);
    },
  );

  oidcTest('the issuer being away keeps nobody signed in', async ({ here, issuer }) => {
    const { browser } = await signIn({ here, issuer }, 'ann');
    const cookie = browser.cookies.get(COOKIE.masked) ?? '';
    expect((await browser.post('/auth/logout', {})).status).toBe(303);
    expect(await here.vault.unmask(cookie)).toBeUndefined();
  });
});

describe('logout tokens', () => {
  oidcTest(
    'that are not the issuer’s, not for us, old, or no logout end nothing',
    async ({ here, issuer }) => {
      const { browser } = await signIn({ here, issuer }, 'ann');
      const { privateKey } = await generateKeyPair('RS256');
      const now = Math.floor(Date.now() / 1000);
      const events = { 'http://schemas.openid.net/event/backchannel-logout': {} };
      const good = {
        iss: issuer.url,
        aud: CLIENT_ID,
        sub: 'ann',
        iat: now,
        exp: now + 120,
        jti: 'j1',
        events,
      };
      const sign = (claims: object) =>
        new SignJWT({ ...claims }).setProtectedHeader({ alg: 'RS256', typ: 'logout+jwt' }).sign(privateKey);
      const none = (claims: object) =>
        `${[{ alg: 'none' }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')}.`;
      const send = async (token: string) =>
        (await here.browser().post('/auth/oidc/back-channel-logout', { logout_token: token })).status;
      const signed = [
        { ...good, aud: 'another-client' },
        { ...good, iss: 'https://evil.example' },
        { ...good, iat: now - 900 },
        { ...good, exp: now - 300 },
        { ...good, nonce: 'n' },
        { ...good, events: {} },
        { ...good, sub: undefined },
        { ...good, jti: undefined },
      ].map((claims) => issuer.sign(claims));
      const forged = [sign(good), issuer.sign(good, 'at+jwt'), none(good), 'x.y.z', '', 'a'.repeat(9000)];
      for (const token of await Promise.all([...signed, ...forged])) expect(await send(token)).toBe(400);
      expect((await session(browser))['signed_in']).toBe(true);
      const token = await issuer.sign(good);
      expect(await send(token)).toBe(200);
      expect((await session(browser))['signed_in']).toBe(false);
      // Sent once more, it ends nothing that has begun since.
      const { browser: later } = await signIn({ here, issuer }, 'ann');
      expect(await send(token)).toBe(400);
      expect((await session(later))['signed_in']).toBe(true);
    },
  );
});
