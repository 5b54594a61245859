import { launchChromium } from '@switchyard/testkit';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect } from 'vitest';
import { createAuthenticator } from '../src/authenticator.ts';
import { createLoginStackTest } from '../src/login-stack.ts';
import { THEMES, WIDTHS, overflow, violations } from '../src/looks.ts';
import {
  PASSWORD,
  askForLink,
  atHome,
  choosePassword,
  enterCode,
  openBrowser,
  sessionOf,
  signIn,
} from '../src/sign-in-pages.ts';

const SLOW = { timeout: 240_000 };
/** A password alone opens nothing, and whoever ends sign-ins shows it again. */
const test = createLoginStackTest({ SECOND_FACTOR_REQUIRED: 'registered', PROVE_AGAIN_AFTER: '0s' });
let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(async () => browser.close());

test.for(THEMES)(
  'in the %s theme whoever must have codes sets them up on the way in, and proves himself before he ends sign-ins',
  SLOW,
  async (colorScheme, { login: { stack, mailbox } }) => {
    const mail = `${colorScheme}@example.com`;
    const context = await openBrowser(browser, { colorScheme, reducedMotion: 'reduce', bypassCSP: true });
    const page = await context.newPage();
    const wrong: string[] = [];
    const look = async (what: string): Promise<void> => {
      for (const width of WIDTHS) {
        await page.setViewportSize({ width, height: 800 });
        const over = await overflow(page);
        if (over > 0) wrong.push(`${what}, ${width} px: ${over} px too wide`);
      }
      wrong.push(...(await violations(page)).map((found) => `${what}: ${found}`));
    };
    await page.goto(`${stack.url}/auth/sign-up`);
    await askForLink(page, mail);
    await page.goto((await mailbox.link(mail)).href);
    await page.getByLabel('Your name').fill('Somebody');
    await choosePassword(page, PASSWORD);

    await page.waitForURL(`${stack.url}/auth/enrol`);
    await look('setting codes up on the way in');
    // Who is only half-way in has nothing of the platform.
    expect(await sessionOf(context, stack.url)).toEqual({ signed_in: false });
    const app = createAuthenticator(await page.locator('.steps code').innerText());
    await page.getByLabel('Six-digit code').fill('000000');
    await page.getByRole('button', { name: 'Switch on' }).click();
    await page.getByRole('alert').waitFor();
    await look('code refused on the way in');
    await page.getByLabel('Six-digit code').fill(app.code());
    await page.getByRole('button', { name: 'Switch on' }).click();
    await page.getByRole('heading', { name: 'Keep these recovery codes' }).waitFor();
    await page.getByRole('link', { name: 'I have kept them' }).click();
    await atHome(page, stack.url);

    const other = await openBrowser(browser);
    const elsewhere = await other.newPage();
    await elsewhere.goto(`${stack.url}/auth/sign-in`);
    await signIn(elsewhere, mail);
    await elsewhere.waitForURL(`${stack.url}/auth/code`);
    await enterCode(elsewhere, 'Six-digit code', app.code());
    await atHome(elsewhere, stack.url);

    await page.goto(`${stack.url}/auth/account`);
    await look('account with two sign-ins');
    await page.getByRole('button', { name: 'Sign out everywhere else' }).click();
    await page.getByRole('heading', { name: 'Is it you?' }).waitFor();
    await look('proving oneself');
    await page.getByLabel('Current password').fill('another long password');
    await page.getByRole('button', { name: 'Sign out everywhere else' }).click();
    await page.getByRole('alert').waitFor();
    await look('password refused at proving oneself');
    expect(await sessionOf(other, stack.url)).toMatchObject({ signed_in: true });
    await page.getByLabel('Current password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Sign out everywhere else' }).click();
    await page.getByRole('heading', { name: 'Your account' }).waitFor();
    expect(await sessionOf(other, stack.url)).toEqual({ signed_in: false });
    expect(wrong).toEqual([]);
    await Promise.all([context.close(), other.close()]);
  },
);
