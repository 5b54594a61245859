import { launchChromium } from '@switchyard/testkit';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect } from 'vitest';
import { loginStackTest } from '../src/login-stack.ts';
import type { LoginStack } from '../src/login-stack.ts';
import { THEMES, WIDTHS, overflow, violations } from '../src/looks.ts';
import {
  PASSWORD,
  askForLink,
  atHome,
  choosePassword,
  enterCode,
  openBrowser,
  setUpCodes,
  signIn,
} from '../src/sign-in-pages.ts';

const SLOW = { timeout: 240_000 };
let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(async () => browser.close());

/** Called at each page, with what it is. */
type Look = (what: string) => Promise<void>;

const headed = (page: Page, name: string): Promise<void> => page.getByRole('heading', { name }).waitFor();
const alerted = (page: Page): Promise<void> => page.getByRole('alert').waitFor();

/** Who is not signed in, and what can go wrong on the way. */
async function walkOutside(page: Page, { stack: { url } }: LoginStack, look: Look): Promise<void> {
  await page.goto(`${url}/auth/sign-in?note=signed-out`);
  await look('signed out');
  await signIn(page, 'nobody@example.com');
  await alerted(page);
  await look('wrong password');
  await page.goto(`${url.replace('localhost', 'chat.localhost')}/auth/sign-in`);
  await alerted(page);
  await look('not over HTTPS');
  await page.goto(`${url}/auth/sign-up`);
  await look('sign-up');
  await page.goto(`${url}/auth/forgot`);
  await look('forgotten password');
  await page.goto(`${url}/auth/reset?code=unknown`);
  await look('a link that is over');
  await page.goto(`${url}/auth/oidc/callback`);
  await look('an answer that was not asked for');
}

/** Sign-up by mail, and a reset. */
async function walkMails(page: Page, login: LoginStack, mail: string, look: Look): Promise<void> {
  const { stack, mailbox } = login;
  await page.goto(`${stack.url}/auth/sign-up`);
  await askForLink(page, mail);
  await look('mail sent');
  await page.goto((await mailbox.link(mail)).href);
  await look('sign-up link');
  await page.getByLabel('Your name').fill('Wilhelmina Featherstonehaugh-Cholmondeley');
  await choosePassword(page, 'short');
  await alerted(page);
  await page.getByText(mail).waitFor();
  await look('sign-up refused');
  // What was typed is still there, but for passwords.
  expect(await page.getByLabel('Your name').inputValue()).toContain('Featherstonehaugh');
  await choosePassword(page, PASSWORD);
  await atHome(page, stack.url);
  await page.goto(`${stack.url}/auth/forgot`);
  await askForLink(page, mail);
  await page.goto((await mailbox.link(mail, 2)).href);
  await look('reset link');
}

/** One's own account, with a second factor switched on; then the way in with it. */
async function walkAccount(page: Page, { stack: { url } }: LoginStack, mail: string, look: Look) {
  await page.goto(`${url}/auth/password`);
  await look('another password');
  await page.goto(`${url}/auth/second-factor`);
  await look('setting codes up');
  await page.getByLabel('Current password').fill(PASSWORD);
  await page.getByLabel('Six-digit code').fill('000000');
  await page.getByRole('button', { name: 'Switch on' }).click();
  await alerted(page);
  await look('code refused at setting up');
  await setUpCodes(page, url);
  await look('recovery codes');
  await page.getByRole('link', { name: 'I have kept them' }).click();
  await headed(page, 'Your account');
  await look('account');
  await page.goto(`${url}/auth/second-factor/remove`);
  await look('switching codes off');
  await page.goto(`${url}/auth/account`);
  await page.getByRole('button', { name: 'Sign out', exact: true }).click();
  await signIn(page, mail);
  await page.waitForURL(`${url}/auth/code`);
  await look('code');
  await enterCode(page, 'Six-digit code', '000000');
  await alerted(page);
  await look('wrong code');
  await page.getByRole('link', { name: 'Use a recovery code' }).click();
  await headed(page, 'Enter a recovery code');
  await look('recovery code');
}

loginStackTest.for(THEMES)(
  'in the %s theme every page of signing in is accessible, and none is wider than the window',
  SLOW,
  async (colorScheme, { login }) => {
    const context = await openBrowser(browser, { colorScheme, reducedMotion: 'reduce', bypassCSP: true });
    const page = await context.newPage();
    const wrong: string[] = [];
    const looked: string[] = [];
    const look: Look = async (what) => {
      looked.push(what);
      for (const width of WIDTHS) {
        await page.setViewportSize({ width, height: 800 });
        const over = await overflow(page);
        if (over > 0) wrong.push(`${what}, ${width} px: ${over} px too wide`);
      }
      wrong.push(...(await violations(page)).map((found) => `${what}: ${found}`));
    };
    const mail = `${colorScheme}@example.com`;
    await walkOutside(page, login, look);
    await walkMails(page, login, mail, look);
    await walkAccount(page, login, mail, look);
    expect(wrong).toEqual([]);
    expect(looked).toHaveLength(20);
    await context.close();
  },
);
