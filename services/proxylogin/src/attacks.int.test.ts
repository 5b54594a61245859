import { COOKIE } from '@switchyard/protocol';
import { readRouteRows } from '@switchyard/testkit';
import { describe, expect } from 'vitest';
import { PASSWORD, loginTest, openLogin, withPassword } from '../test/login-fixture.ts';

const FORM = { login: 'ann', password: PASSWORD, to: '/' };

describe('attacks', () => {
  loginTest('fixation: a cookie from before is worth nothing after signing in', async ({ login }) => {
    await withPassword(login, 'ann');
    const victim = login.browser();
    const planted = 'A'.repeat(43);
    victim.cookies.set(COOKIE.masked, planted);
    await victim.post('/auth/sign-in', FORM);
    expect(victim.cookies.get(COOKIE.masked)).not.toBe(planted);
    expect(await login.vault.unmask(planted)).toBeUndefined();
    // A sign-in of the attacker that he had put into the browser ends when its owner signs in.
    const attacker = await login.signedIn('mallory');
    const his = attacker.cookies.get(COOKIE.masked) ?? '';
    victim.cookies.set(COOKIE.masked, his);
    await victim.post('/auth/sign-in', FORM);
    expect(await login.vault.unmask(his)).toBeUndefined();
  });

  loginTest('another site signs nobody in, out, or over to another password', async ({ login }) => {
    const browser = await withPassword(login, 'ann');
    const from: Record<string, string>[] = [
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
      { 'sec-fetch-site': 'none' },
      { 'sec-fetch-site': 'cross-site', origin: 'http://localhost:8080' },
      { 'sec-fetch-site': '', origin: 'https://evil.example' },
      { 'sec-fetch-site': '', origin: 'null' },
      { 'sec-fetch-site': '' },
    ];
    const paths = [
      '/auth/sign-in',
      '/auth/password',
      '/auth/logout',
      '/auth/session/end',
      '/auth/sign-ins/end-others',
    ];
    for (const headers of from)
      for (const path of paths) {
        const sent = Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== ''));
        const response = await fetch(`${login.url}${path}`, {
          method: 'POST',
          redirect: 'manual',
          headers: { 'x-forwarded-host': 'localhost:8080', ...sent },
          body: new URLSearchParams({ ...FORM, again: PASSWORD }),
        });
        expect([path, headers, response.status]).toEqual([path, headers, 403]);
        expect(response.headers.getSetCookie()).toEqual([]);
        await response.text();
      }
    const own = await browser.post('/auth/session/end', {}, { 'sec-fetch-site': 'same-origin' });
    expect(own.status).toBe(200);
  });

  loginTest('a browser without Sec-Fetch-Site proves itself by its origin', async ({ login }) => {
    await withPassword(login, 'ann');
    const send = (origin: string) =>
      fetch(`${login.url}/auth/sign-in`, {
        method: 'POST',
        redirect: 'manual',
        headers: { origin, 'x-forwarded-host': 'localhost:8080' },
        body: new URLSearchParams(FORM),
      });
    expect((await send('http://localhost:8080')).status).toBe(303);
    expect((await send('http://localhost:8081')).status).toBe(403);
  });

  loginTest('nobody is led to another site', async ({ login }) => {
    await withPassword(login, 'ann');
    for (const to of ['https://evil.example', '//evil.example', '/\\evil.example', '/\t/evil.example']) {
      expect((await login.browser().post('/auth/sign-in', { ...FORM, to })).to).toBe('/');
      const signedIn = await login.signedIn('ann');
      expect((await signedIn.get(`/auth/sign-in?to=${encodeURIComponent(to)}`)).to).toBe('/');
      const page = await login.browser().get(`/auth/sign-in?to=${encodeURIComponent(to)}`);
      expect(page.text).toContain('name="to" value="/"');
    }
  });

  loginTest('what comes in shows as text, and bad forms as a page', async ({ login }) => {
    const name = `"><script>alert(1)</script>`;
    const page = await login.browser().post('/auth/sign-in', { login: name, password: 'x', to: '/' });
    expect(page.text).not.toContain('<script>alert');
    expect(page.text).toContain('&quot;&gt;&lt;script&gt;');
    const bad: Record<string, string>[] = [{}, { login: 'ann' }, { ...FORM, login: 'a'.repeat(400) }];
    for (const form of bad) {
      const answer = await login.browser().post('/auth/sign-in', form);
      expect([answer.status, answer.headers.get('content-type')]).toEqual([400, 'text/html; charset=utf-8']);
    }
    const large = await login.browser().post('/auth/sign-in', { ...FORM, password: 'x'.repeat(50_000) });
    expect(large.status).toBe(400);
  });

  loginTest(
    'without TLS on another name than localhost it says so and signs nobody in',
    async ({ login }) => {
      await withPassword(login, 'ann');
      const headers = { 'x-forwarded-host': 'chat.example:8080' };
      const { text } = await login.browser().get('/auth/sign-in', headers);
      expect(text).toContain('only over HTTPS');
      // How it is mended on a machine of one's own.
      expect(text).toContain('./dev up --tls');
      const answer = await login.browser().post('/auth/sign-in', FORM, headers);
      expect([answer.status, answer.headers.getSetCookie()]).toEqual([403, []]);
      const tls = { ...headers, 'x-forwarded-proto': 'https' };
      expect((await login.browser().post('/auth/sign-in', FORM, tls)).status).toBe(303);
    },
  );

  loginTest('behind TLS that ends in front of the proxy people sign in', async ({ redis, postgres }) => {
    const login = await openLogin({ redis, postgres, env: { PUBLIC_URL: 'https://chat.example' } });
    await withPassword(login, 'ann');
    const headers = { 'x-forwarded-host': 'chat.example' };
    expect((await login.browser().post('/auth/sign-in', FORM, headers)).status).toBe(303);
    await login.stop();
  });

  loginTest('a token of a script is no sign-in, and a bad one no way in', async ({ login }) => {
    const token = await login.identity.issueToken({ userId: 'ann', roles: [] });
    const script = login.browser();
    const set = await script.post(
      '/auth/password',
      { password: PASSWORD, again: PASSWORD },
      { authorization: `Bearer ${token}` },
    );
    expect(set.status).toBe(401);
    expect((await script.get('/auth/sign-in', { authorization: 'Bearer x.y.z' })).status).toBe(200);
  });

  loginTest(
    'no form of any page reaches a prototype, or is answered with the inside',
    async ({ redis, postgres }) => {
      const env = {
        // Nobody answers there; what is asked for is a form.
        MAIL_URL: 'smtp://127.0.0.1:9',
        SIGN_UP_ALLOWED: 'on',
        OIDC_ISSUER: 'http://127.0.0.1:9',
        OIDC_CLIENT_ID: 'x',
        ATTEMPTS_OF_ADDRESS: '100000/10m',
        MAILS_OF_ADDRESS: '100000/1h',
      };
      const login = await openLogin({ redis, postgres, env });
      const ann = await withPassword(login, 'ann');
      const cookies = new Map(ann.cookies);
      const paths = (await readRouteRows(login.url))
        .filter(({ method, path }) => method === 'POST' && path.startsWith('/auth/'))
        .map(({ path }) => path);
      expect(paths.length).toBeGreaterThan(10);
      const fields = 'login password to code by again name current sign_in_id logout_token'.split(' ');
      const values = [
        '',
        '%00',
        '%ED%A0%80',
        '%ff',
        '%u0041',
        '%27%3B--',
        'x'.repeat(1500),
        '%0d%0aSet-Cookie:a=b',
      ];
      const forms = [
        ...values.map((value) => fields.map((name) => `${name}=${value}`).join('&')),
        fields.map((name) => `${name}=a&${name}=b`).join('&'),
        fields.map((name) => `${name}[__proto__][polluted]=1&${name}[]=1`).join('&'),
        '__proto__=1&__proto__[polluted]=1&constructor[prototype][polluted]=1&constructor=1&toString=1',
        'a=1&'.repeat(5000),
      ];
      const wrong: unknown[] = [];
      for (const path of paths)
        for (const form of forms) {
          // Whatever a form has ended: as who is signed in, each of them.
          for (const [name, value] of cookies) ann.cookies.set(name, value);
          const answer = await ann.post(
            path,
            {},
            { 'content-type': 'application/x-www-form-urlencoded' },
            form,
          );
          const isInside = /\bat \S+ \(|node_modules|\.ts:\d/.test(answer.text);
          if (answer.status >= 500 || isInside || 'polluted' in {} || answer.headers.has('a'))
            wrong.push([path, form.slice(0, 60), answer.status, answer.text.slice(-300)]);
        }
      await login.stop();
      expect(wrong).toEqual([]);
    },
  );
});
