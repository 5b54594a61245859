import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { createAuthenticator } from './authenticator.ts';
import type { Authenticator } from './authenticator.ts';
import type { LoginStack } from './login-stack.ts';

export const PASSWORD = 'correct horse battery';

/** A browser of its own, which reaches this machine and nothing else: the issuer's pages would load fonts from far away. */
export const openBrowser = async (
  browser: Browser,
  options: BrowserContextOptions = {},
): Promise<BrowserContext> => {
  const context = await browser.newContext(options);
  await context.route(
    ({ hostname }) => hostname !== '127.0.0.1' && !/(^|\.)localhost$/.test(hostname),
    (route) => route.abort(),
  );
  return context;
};

export const signIn = async (page: Page, login: string, password = PASSWORD): Promise<void> => {
  await page.getByLabel('Name or mail address').fill(login);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
};

export const choosePassword = async (page: Page, password: string): Promise<void> => {
  await page.getByLabel('New password', { exact: true }).fill(password);
  await page.getByLabel('New password, once more').fill(password);
  await page.getByRole('button', { name: 'Save' }).click();
};

/** Asks for a link on the page for signing up, or the one for a forgotten password. */
export const askForLink = async (page: Page, mail: string): Promise<void> => {
  await page.getByRole('textbox').fill(mail);
  await page.getByRole('button', { name: 'Send the link' }).click();
  await page.getByRole('heading', { name: 'Look into your mailbox' }).waitFor();
};

/** Signs up by the mail that comes; the browser is signed in afterwards. */
export const join = async (
  page: Page,
  { stack, mailbox }: LoginStack,
  mail: string,
  password = PASSWORD,
): Promise<void> => {
  await page.goto(`${stack.url}/auth/sign-up`);
  await askForLink(page, mail);
  await page.goto((await mailbox.link(mail)).href);
  await page.getByLabel('Your name').fill('Somebody');
  await choosePassword(page, password);
  await atHome(page, stack.url);
};

/** Until the browser has been led to the chat page. */
export const atHome = (page: Page, url: string): Promise<void> =>
  page.waitForURL(`${url}/`, { waitUntil: 'commit' });

/** Switches one-time codes on for who is signed in, by the pages. */
export const setUpCodes = async (
  page: Page,
  url: string,
  password = PASSWORD,
): Promise<{ app: Authenticator; secret: string; recoveryCodes: string[] }> => {
  await page.goto(`${url}/auth/account`);
  await page.getByRole('link', { name: 'Set up' }).click();
  const shown = await page.locator('.steps code').innerText();
  const app = createAuthenticator(shown);
  await page.getByLabel('Current password').fill(password);
  await page.getByLabel('Six-digit code').fill(app.code());
  await page.getByRole('button', { name: 'Switch on' }).click();
  await page.getByRole('heading', { name: 'Keep these recovery codes' }).waitFor();
  return {
    app,
    secret: shown.replaceAll(/\s/g, ''),
    recoveryCodes: await page.locator('.codes code').allInnerTexts(),
  };
};

export const enterCode = async (page: Page, label: string, code: string): Promise<void> => {
  await page.getByLabel(label).fill(code);
  await page.getByRole('button', { name: 'Go on' }).click();
};

/** In the issuer's own pages, from its form to where it leads back to. */
export const signInAtIssuer = async (page: Page, login: string): Promise<void> => {
  await page.getByPlaceholder('Enter any login').fill(login);
  await page.getByPlaceholder('and password').fill('any');
  await page.getByRole('button', { name: 'Sign-in' }).click();
  await page.getByRole('button', { name: 'Continue' }).click();
};

/** What the service says of who is signed in in a browser. */
export const sessionOf = async (context: BrowserContext, url: string): Promise<Record<string, unknown>> => {
  const page = await context.newPage();
  await page.goto(`${url}/auth/session`);
  const text = await page.locator('body').innerText();
  await page.close();
  return JSON.parse(text) as Record<string, unknown>;
};
