import { CLIENT_ID, launchChromium } from '@switchyard/testkit';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { openChat } from '../src/chat-page.ts';
import { loginStackTest } from '../src/login-stack.ts';
import {
  PASSWORD,
  askForLink,
  atHome,
  choosePassword,
  enterCode,
  join,
  openBrowser,
  sessionOf,
  setUpCodes,
  signIn,
  signInAtIssuer,
} from '../src/sign-in-pages.ts';

/** Several browsers each: on a machine that is busy that takes its time. */
const SLOW = { timeout: 240_000 };
const MASKED = '__Secure-LMTC';
let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(async () => browser.close());

describe('a second factor', () => {
  loginStackTest(
    'password and code sign in; a code works once, and so does a recovery code',
    SLOW,
    async ({ login }) => {
      const { url } = login.stack;
      const begin = async () => {
        const context = await openBrowser(browser);
        const page = await context.newPage();
        await page.goto(`${url}/auth/sign-in`);
        await signIn(page, 'ann@example.com');
        await page.waitForURL(`${url}/auth/code`);
        return { context, page };
      };
      const refused = (page: Awaited<ReturnType<typeof begin>>['page']) =>
        page.getByRole('alert').getByText('That code does not fit, or was used already.').waitFor();

      const first = await openBrowser(browser);
      const owner = await first.newPage();
      await join(owner, login, 'ann@example.com');
      const { app, recoveryCodes } = await setUpCodes(owner, url);
      expect(recoveryCodes).toHaveLength(10);
      await owner.getByRole('link', { name: 'I have kept them' }).click();
      await owner.getByText('On, 10 recovery codes left').waitFor();

      const second = await begin();
      await enterCode(second.page, 'Six-digit code', '000000');
      await refused(second.page);
      expect(await sessionOf(second.context, url)).toEqual({ signed_in: false });
      const code = app.code();
      await enterCode(second.page, 'Six-digit code', code);
      await atHome(second.page, url);
      expect(await sessionOf(second.context, url)).toMatchObject({ sign_in: { method: 'password+code' } });
      const logged = () => login.stack.lines('proxylogin').join('\n');
      await expect.poll(logged).toMatch(/"method":"password\+code"[^\n]*"msg":"signed in"/);
      expect(logged()).toMatch(/"method":"code"[^\n]*"msg":"sign-in refused"/);

      const third = await begin();
      await enterCode(third.page, 'Six-digit code', code);
      await refused(third.page);
      await third.page.getByRole('link', { name: 'Use a recovery code' }).click();
      await enterCode(third.page, 'Recovery code', recoveryCodes[0] ?? '');
      await atHome(third.page, url);

      const fourth = await begin();
      await fourth.page.getByRole('link', { name: 'Use a recovery code' }).click();
      await enterCode(fourth.page, 'Recovery code', recoveryCodes[0] ?? '');
      await refused(fourth.page);
      expect((await fourth.context.cookies()).map(({ name }) => name)).not.toContain(MASKED);
      await owner.reload();
      await owner.getByText('On, 9 recovery codes left').waitFor();
      await Promise.all([first, second.context, third.context, fourth.context].map((each) => each.close()));
    },
  );
});

describe('a forgotten password', () => {
  loginStackTest('a mailed link sets another one, once, and ends every sign-in', SLOW, async ({ login }) => {
    const { stack, mailbox } = login;
    const another = 'another horse battery';
    const [home, away, late] = [
      await openBrowser(browser),
      await openBrowser(browser),
      await openBrowser(browser),
    ];
    await join(await home.newPage(), login, 'bob@example.com');
    const page = await away.newPage();
    await page.goto(`${stack.url}/auth/sign-in`);
    await page.getByRole('link', { name: 'Forgot your password?' }).click();
    await askForLink(page, 'bob@example.com');
    const link = (await mailbox.link('bob@example.com', 2)).href;
    // Looked at in another browser before, and left open there.
    const open = await late.newPage();
    await open.goto(link);
    await page.goto(link);
    await choosePassword(page, another);
    await page.getByText('Your password is changed.').waitFor();
    expect(await sessionOf(home, stack.url)).toEqual({ signed_in: false });

    await choosePassword(open, 'a third horse battery');
    await open.getByRole('alert').getByText('That link was used already').waitFor();
    expect((await open.goto(link))?.status()).toBe(410);

    await signIn(page, 'bob@example.com', PASSWORD);
    await page.getByRole('alert').getByText('do not fit together').waitFor();
    await signIn(page, 'bob@example.com', another);
    await atHome(page, stack.url);
    await Promise.all([home, away, late].map((each) => each.close()));
  });
});

describe('at an issuer', () => {
  loginStackTest(
    'the code flow signs in, and signing out leads through the issuer and back',
    SLOW,
    async ({ login: { stack, issuer } }) => {
      const context = await openBrowser(browser);
      const page = await context.newPage();
      await page.goto(`${stack.url}/auth/sign-in`);
      await page.getByRole('link', { name: 'Sign in with your organisation' }).click();
      await signInAtIssuer(page, 'olga');
      await atHome(page, stack.url);
      expect(await sessionOf(context, stack.url)).toMatchObject({
        user_id: 'oidc:olga',
        has_password: false,
        sign_in: { method: 'oidc' },
      });
      // What the browser keeps is no token, and no script of a page can read it.
      const cookies = await context.cookies(stack.url);
      expect(cookies.find(({ name }) => name === MASKED)).toMatchObject({ httpOnly: true, secure: true });
      expect(cookies.filter(({ value }) => /^eyJ|\.eyJ/.test(value))).toEqual([]);

      const tab = await openChat(context, stack.url);
      await tab.page.getByText('olga').first().waitFor();
      await page.goto(`${stack.url}/auth/account`);
      await page.getByRole('button', { name: 'Sign out', exact: true }).click();
      await page.waitForURL((address) => address.origin === issuer.url);
      await page.getByRole('button', { name: 'Yes, sign me out' }).click();
      await page.getByText('You are signed out.').waitFor();
      await tab.page.getByText('Not signed in').waitFor();
      // The issuer has forgotten him too: it asks for a name again.
      await page.getByRole('link', { name: 'Sign in with your organisation' }).click();
      await page.getByPlaceholder('Enter any login').waitFor();
      await context.close();
    },
  );

  loginStackTest(
    'an answer that another browser brings signs nobody in',
    SLOW,
    async ({ login: { stack, issuer } }) => {
      const [own, lured] = [await openBrowser(browser), await openBrowser(browser)];
      const page = await own.newPage();
      const asked = page.waitForRequest((request) => request.url().startsWith(`${issuer.url}/auth?`));
      await page.goto(`${stack.url}/auth/oidc/start?to=/`);
      const { back } = await issuer.signIn((await asked).url(), 'mallory');
      const victim = await lured.newPage();
      // Once as it is, and once in a browser that is on its own way to the issuer.
      for (const way of ['', '/auth/oidc/start?to=/']) {
        if (way !== '') await victim.goto(`${stack.url}${way}`);
        expect((await victim.goto(back.href))?.status()).toBe(401);
        await victim.getByRole('heading', { name: 'That sign-in has run out' }).waitFor();
        expect((await lured.cookies()).map(({ name }) => name)).not.toContain(MASKED);
      }
      await page.goto(back.href, { waitUntil: 'commit' });
      await atHome(page, stack.url);
      expect(await sessionOf(own, stack.url)).toMatchObject({ user_id: 'oidc:mallory' });
      expect(await sessionOf(lured, stack.url)).toEqual({ signed_in: false });
      await Promise.all([own.close(), lured.close()]);
    },
  );

  loginStackTest(
    'signed out there, and nowhere else said: an open page is led out at once',
    SLOW,
    async ({ login: { stack, issuer } }) => {
      const context = await openBrowser(browser);
      const page = await context.newPage();
      await page.goto(`${stack.url}/auth/oidc/start?to=/`);
      await signInAtIssuer(page, 'ivan');
      await atHome(page, stack.url);
      const chat = await openChat(context, stack.url);
      await chat.page.getByText('ivan').first().waitFor();
      const end = new URLSearchParams({
        client_id: CLIENT_ID,
        post_logout_redirect_uri: `${stack.url}/auth/signed-out`,
      });
      await page.goto(`${issuer.url}/session/end?${end.toString()}`);
      await page.getByRole('button', { name: 'Yes, sign me out' }).click();
      await chat.page.getByText('Not signed in').waitFor();
      expect(await sessionOf(context, stack.url)).toEqual({ signed_in: false });
      await context.close();
    },
  );
});
