import { freePort } from '@switchyard/devstack';
import { COOKIE } from '@switchyard/protocol';
import { createStackTest, launchChromium } from '@switchyard/testkit';
import type { StackFixture } from '@switchyard/testkit';
import type { BrowserContext } from 'playwright-core';
import { expect } from 'vitest';
import { grownTo, openChat } from '../src/chat-page.ts';
import { counted } from '../src/stream-events.ts';
import { launchTrustingChromium } from '../src/trusting-chromium.ts';

const HTTP_PORT = await freePort();
const PASSWORD = 'correct horse battery';
/** Several pages and a whole stack: on a machine that is busy that takes its time. */
const SLOW = { timeout: 240_000 };

const httpsTest = createStackTest({
  hasLogin: true,
  isTls: true,
  env: { HTTP_PORT: String(HTTP_PORT), HSTS_MAX_AGE: '1h' },
}).extend<{ browser: Awaited<ReturnType<typeof launchTrustingChromium>>['browser'] }>({
  browser: async ({ stack }, use) => {
    const { browser, close } = await launchTrustingChromium(stack.certificateFile ?? '');
    await use(browser);
    await close();
  },
});

/** Every address that the context's pages ask, and what their policy refuses. */
const watch = async (context: BrowserContext) => {
  const asked = new Set<string>();
  const refused: string[] = [];
  context.on('request', (request) => asked.add(new URL(request.url()).origin));
  context.on('page', (page) => page.on('websocket', (socket) => asked.add(new URL(socket.url()).origin)));
  await context.exposeFunction('noteRefused', (what: string) => void refused.push(what));
  await context.addInitScript(
    `document.addEventListener('securitypolicyviolation', (event) => noteRefused(event.violatedDirective + ' ' + event.blockedURI))`,
  );
  return { asked, refused };
};

const choosePassword = async (context: BrowserContext, stack: StackFixture): Promise<void> => {
  const page = await context.newPage();
  await page.goto(await stack.adminLink());
  await page.getByLabel('New password', { exact: true }).fill(PASSWORD);
  await page.getByLabel('New password, once more').fill(PASSWORD);
  await page.getByRole('button', { name: 'Save' }).click();
  await page.waitForURL(`${stack.url}/`, { waitUntil: 'commit' });
  await page.close();
};

/** The handshake of Socket.IO over a WebSocket that the page opens itself: `40{"sid":...}` at its end. */
const SOCKET = `new Promise((resolve, reject) => {
  const socket = new WebSocket('wss://' + location.host + '/socket.io/?EIO=4&transport=websocket');
  socket.onerror = () => reject(new Error('refused'));
  socket.onmessage = ({ data }) => {
    if (data.startsWith('0')) socket.send('40');
    else { socket.close(); resolve(data); }
  };
})`;

httpsTest(
  'over HTTPS that the browser itself trusts: signing in, cookies, a stream, a reload, a WebSocket',
  SLOW,
  async ({ stack, browser }) => {
    expect(stack.url).toMatch(/^https:\/\/localhost:\d+$/u);
    const context = await browser.newContext();
    const { asked, refused } = await watch(context);
    await choosePassword(context, stack);
    await context.clearCookies();

    const page = await context.newPage();
    const answer = await page.goto(`${stack.url}/auth/sign-in`);
    expect(answer?.headers()['strict-transport-security']).toBe('max-age=3600');
    expect(await answer?.securityDetails()).toMatchObject({
      protocol: expect.stringMatching(/^TLS 1\.[23]$/u),
    });
    await page.getByLabel('Name or mail address').fill('admin');
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.waitForURL(`${stack.url}/`, { waitUntil: 'commit' });
    const cookies = await context.cookies();
    expect(cookies.map(({ name }) => name)).toContain(COOKIE.masked);
    for (const cookie of cookies)
      expect(cookie).toMatchObject({
        name: expect.stringMatching(/^__(?:Secure|Host)-/u),
        secure: true,
        httpOnly: true,
        sameSite: 'Lax',
      });

    const chat = await openChat(context, stack.url);
    await chat.page.getByText('Administrator').waitFor();
    expect(
      await chat.page.evaluate<string>("performance.getEntriesByType('navigation')[0].nextHopProtocol"),
    ).toBe('http/1.1');
    await chat.pickBundle('Hello');
    await chat.send('count to 40');
    const before = await grownTo(chat.answer(), 12);
    expect(before.length).toBeLessThan(counted(40).length);
    await chat.page.reload();
    expect(counted(40).startsWith(await grownTo(chat.answer(), before.length))).toBe(true);
    expect(await chat.ended()).toBe('completed');
    expect(await chat.answer().innerText()).toBe(counted(40));
    expect(await chat.page.evaluate<string>(SOCKET)).toMatch(/^40\{"sid":/u);

    expect([...asked].toSorted()).toEqual([stack.url, stack.url.replace('https:', 'wss:')]);
    expect([chat.complaints, refused]).toEqual([[], []]);
    await context.close();
  },
);

httpsTest('who comes by HTTP is led to the same page by HTTPS', SLOW, async ({ stack, browser }) => {
  const context = await browser.newContext();
  const page = await context.newPage();
  const answer = await page.goto(`http://localhost:${HTTP_PORT}/auth/sign-in?x=1`);
  expect(page.url()).toBe(`${stack.url}/auth/sign-in?x=1`);
  const first = answer?.request().redirectedFrom();
  expect((await first?.response())?.status()).toBe(308);
  await context.close();
});

httpsTest('a browser that was not told to trust the certificate goes nowhere', SLOW, async ({ stack }) => {
  const stranger = await launchChromium();
  const page = await stranger.newPage();
  await expect(page.goto(stack.url)).rejects.toThrow('ERR_CERT_AUTHORITY_INVALID');
  await stranger.close();
});
