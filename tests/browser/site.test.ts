import { fileURLToPath } from 'node:url';
import { createStackTest, launchChromium } from '@switchyard/testkit';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect } from 'vitest';
import { openCommandLine } from '../src/command-line.ts';

const stackTest = createStackTest({ isPageless: true, hasDocs: true });
const SHOP = fileURLToPath(new URL('./shop', import.meta.url));
const PATIENCE = { timeout: 60_000 };
let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(async () => browser.close());

/** What went wrong in a page: errors, refused loads, violations of its policy. */
const listen = (page: Page): string[] => {
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (line) => {
    if (line.type() === 'error') complaints.push(line.text());
  });
  return complaints;
};

const isServed = (address: string): Promise<void> =>
  expect
    .poll(async () => (await fetch(address)).status, PATIENCE)
    .toBe(200)
    .then(() => undefined);

stackTest(
  'a published site in a browser: page, assets, form, cookie, events; an open page goes on after a deploy, a reload sees it',
  { timeout: 240_000 },
  async ({ stack }) => {
    await using line = await openCommandLine();
    await line.run(['login', stack.url], { input: await stack.token({ user: 'ada', type: 'privileged' }) });
    await line.run(['bundle', 'push', SHOP]);
    // Its job publishes it, in the background.
    await isServed(`${stack.url}/sites/shop/`);
    const reader = await browser.newContext();
    const page = await reader.newPage();
    const complaints = listen(page);
    await page.goto(`http://shop.localhost:${stack.ports.sites}/`);
    expect(await page.getByRole('heading').innerText()).toBe('Shop one');
    expect(await page.evaluate(`getComputedStyle(document.querySelector('h1')).color`)).toBe('rgb(1, 2, 3)');
    await expect.poll(() => page.locator('#greeting').innerText(), PATIENCE).toBe('Who are you?');
    await expect
      .poll(() => page.locator('#events li').allInnerTexts(), PATIENCE)
      .toEqual(['event 1', 'event 2', 'event 3']);

    await page.getByLabel('Name').fill('Grace & Ö');
    await page.getByRole('button', { name: 'Say it' }).click();
    await expect.poll(() => page.locator('#greeting').innerText(), PATIENCE).toBe('Hello Grace & Ö');
    const [cookie] = await reader.cookies();
    expect(cookie).toMatchObject({ name: 'name', domain: 'shop.localhost', httpOnly: true });

    // A second page deploys; the first one has been open since before.
    const other = await reader.newPage();
    await other.goto(`http://shop.localhost:${stack.ports.sites}/`);
    expect(
      await other.evaluate(`fetch('api/deploy', { method: 'POST' }).then((answer) => answer.text())`),
    ).toBe('deployed');
    await other.reload();
    await expect.poll(() => other.getByRole('heading').innerText(), PATIENCE).toBe('Shop two');
    await page.getByRole('button', { name: 'Load more' }).click();
    await expect.poll(() => page.locator('#more').innerText(), PATIENCE).toBe('more of one');
    await page.reload();
    expect(await page.getByRole('heading').innerText()).toBe('Shop two');
    await page.getByRole('button', { name: 'Load more' }).click();
    await expect.poll(() => page.locator('#more').innerText(), PATIENCE).toBe('more of two');
    await expect.poll(() => page.locator('#greeting').innerText(), PATIENCE).toBe('Hello Grace & Ö');
    expect(complaints).toEqual([]);
    await reader.close();
  },
);

stackTest(
  'the documentation in a browser: below the shared origin, sandboxed, with its search',
  { timeout: 240_000 },
  async ({ stack }) => {
    await isServed(`${stack.url}/sites/docs/`);
    const reader = await browser.newContext();
    const page = await reader.newPage();
    const complaints = listen(page);
    await page.goto(`${stack.url}/sites/docs/`);
    expect(
      await page.evaluate(
        `(() => { try { return document.cookie; } catch (error) { return error.name; } })()`,
      ),
    ).toBe('SecurityError');
    await page.keyboard.press('/');
    await page.keyboard.type('stop an answ');
    const option = page.getByRole('option').first();
    await option.waitFor(PATIENCE);
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/sites\/docs\/how-to\//u, PATIENCE);
    expect(await page.getByRole('heading', { level: 1 }).innerText()).toBe('Stop an answer');
    // Without scripts the form leads to a page of results.
    const plain = await browser.newContext({ javaScriptEnabled: false });
    const without = await plain.newPage();
    await without.goto(`${stack.url}/sites/docs/how-to/stop-a-turn`);
    await without.getByRole('searchbox').fill('lanes');
    await without.keyboard.press('Enter');
    await without.waitForURL(/\/api\/search\?q=lanes/u, PATIENCE);
    expect(await without.locator('.results li').count()).toBeGreaterThan(3);
    expect(complaints).toEqual([]);
    await plain.close();
    await reader.close();
  },
);
