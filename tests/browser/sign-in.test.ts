import { createStackTest, launchChromium } from '@switchyard/testkit';
import type { StackFixture } from '@switchyard/testkit';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect } from 'vitest';
import { openChat } from '../src/chat-page.ts';
import { counted } from '../src/stream-events.ts';

// Tokens so short that an answer outlives several of them.
const stackTest = createStackTest({ hasLogin: true, env: { BROWSER_TOKEN_TTL: '4s', RENEW_AHEAD: '1s' } });
/** Several browsers and pages each: on a machine that is busy that takes its time. */
const SLOW = { timeout: 240_000 };
const PASSWORD = 'correct horse battery';
let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(async () => browser.close());

const signIn = async (page: Page, login: string, password: string): Promise<void> => {
  await page.getByLabel('Name or mail address').fill(login);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
};

const openAccountMenu = async (page: Page): Promise<void> =>
  page.getByRole('button', { name: /account and appearance/iu }).click();

/** Who has come by the administrator's link and has chosen a password, or has one. */
const openAsAdmin = async (stack: StackFixture): Promise<BrowserContext> => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(await stack.adminLink());
  await page.waitForURL(/\/auth\/password$|\/$/u, { waitUntil: 'commit' });
  if (page.url().endsWith('/auth/password')) {
    await page.getByLabel('New password', { exact: true }).fill(PASSWORD);
    await page.getByLabel('New password, once more').fill(PASSWORD);
    await page.getByRole('button', { name: 'Save' }).click();
  }
  await page.waitForURL(`${stack.url}/`, { waitUntil: 'commit' });
  await page.close();
  return context;
};

stackTest(
  'the first administrator chooses a password, and signs in with it elsewhere',
  SLOW,
  async ({ stack }) => {
    const first = await openAsAdmin(stack);
    const second = await browser.newContext();
    const chat = await openChat(second, stack.url);
    await chat.pickBundle('Hello');
    await openAccountMenu(chat.page);
    await chat.page.getByRole('menuitem', { name: 'Sign in' }).click();
    await chat.page.waitForURL(/\/auth\/sign-in/u);
    await signIn(chat.page, 'admin', 'not the password');
    await chat.page.getByRole('alert').getByText('do not fit together').waitFor();
    await signIn(chat.page, 'Admin', PASSWORD);
    await chat.page.waitForURL(`${stack.url}/`, { waitUntil: 'commit' });
    await chat.page.getByText('Administrator').waitFor();
    // A second tab of the same browser is signed in; signed out in one, both are.
    const tab = await openChat(second, stack.url);
    await tab.page.getByText('Administrator').waitFor();
    await openAccountMenu(chat.page);
    await chat.page.getByRole('menuitem', { name: 'Sign out' }).click();
    await chat.page.getByText('You are signed out.').waitFor();
    await tab.page.getByText('Not signed in').waitFor();
    // The other browser is not.
    const other = await openChat(first, stack.url);
    await other.page.getByText('Administrator').waitFor();
    await Promise.all([first.close(), second.close()]);
  },
);

stackTest(
  'a tab that a guest left open is the page of whoever signs in beside it, and hears the answers',
  SLOW,
  async ({ stack }) => {
    await (await openAsAdmin(stack)).close();
    const reader = await browser.newContext();
    // The older tab holds the stream that all tabs of its session share.
    const older = await openChat(reader, stack.url);
    await older.page.getByText('Not signed in').waitFor();
    const tab = await reader.newPage();
    await tab.goto(`${stack.url}/auth/sign-in`);
    await signIn(tab, 'admin', PASSWORD);
    await tab.waitForURL(`${stack.url}/`, { waitUntil: 'commit' });
    await older.page.getByText('Administrator').waitFor();
    await tab.close();
    await older.pickBundle('Hello');
    await older.send('count to 5');
    expect(await older.ended()).toBe('completed');
    expect(await older.answer().innerText()).toBe(counted(5));
    await reader.close();
  },
);

stackTest('signed out everywhere else: the other browser is led out at once', SLOW, async ({ stack }) => {
  const [here, there] = [await openAsAdmin(stack), await openAsAdmin(stack)];
  const chat = await openChat(there, stack.url);
  await chat.page.getByText('Administrator').waitFor();
  const account = await here.newPage();
  await account.goto(`${stack.url}/auth/account`);
  await account.getByRole('button', { name: 'Sign out everywhere else' }).click();
  await account.getByText(/Signed out in/u).waitFor();
  await chat.page.getByText('Not signed in').waitFor();
  const still = await openChat(here, stack.url);
  await still.page.getByText('Administrator').waitFor();
  await Promise.all([here.close(), there.close()]);
});

stackTest(
  'a token that runs out in mid-answer is made anew, and the answer goes on',
  SLOW,
  async ({ stack }) => {
    const reader = await openAsAdmin(stack);
    const chat = await openChat(reader, stack.url);
    await chat.pickBundle('Hello');
    await chat.send('count to 120');
    expect(await chat.ended()).toBe('completed');
    expect(await chat.answer().innerText()).toBe(counted(120));
    expect(
      stack.lines('proxylogin').filter((line) => line.includes('/internal/renew')).length,
    ).toBeGreaterThan(0);
    await reader.close();
  },
);
