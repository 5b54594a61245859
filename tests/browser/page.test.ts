import { gzipSync } from 'node:zlib';
import { createStackTest, launchChromium } from '@switchyard/testkit';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { openChat, openReader } from '../src/chat-page.ts';
import { THEMES, WIDTHS, overflow, violations } from '../src/looks.ts';

const stackTest = createStackTest({ hasDocs: true });
let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(async () => browser.close());

describe.each(THEMES)('in the %s theme', (colorScheme) => {
  stackTest.for(WIDTHS)('%i px: accessible, and nothing wider than the window', async (width, { stack }) => {
    const options = {
      user: 'ada',
      colorScheme,
      viewport: { width, height: 800 },
      reducedMotion: 'reduce',
      bypassCSP: true,
    } as const;
    const reader = await openReader(browser, stack, options);
    const chat = await openChat(reader, stack.url);
    await chat.page.getByRole('heading', { level: 1 }).waitFor();
    expect(await violations(chat.page)).toEqual([]);
    expect(await overflow(chat.page)).toBeLessThanOrEqual(0);
    await chat.pickBundle('Hello');
    await chat.send(`count to 3 ${'and_a_word_that_is_far_too_long_for_any_line_'.repeat(6)}`);
    expect(await chat.ended()).toBe('completed');
    expect(await violations(chat.page)).toEqual([]);
    expect(await overflow(chat.page)).toBeLessThanOrEqual(0);
    await chat.page.keyboard.press('Control+k');
    await chat.page.getByRole('combobox').waitFor();
    expect(await violations(chat.page)).toEqual([]);
    await chat.page.keyboard.press('Escape');
    await reader.close();
  });
});

stackTest('by keyboard alone: search, open, write, and back', async ({ stack }) => {
  const reader = await openReader(browser, stack, { user: 'kay' });
  const chat = await openChat(reader, stack.url);
  await chat.pickBundle('Hello');
  await chat.send('First words');
  expect(await chat.ended()).toBe('completed');
  const { page } = chat;
  await page.keyboard.press('Control+k');
  await page.keyboard.press('Enter');
  await page.waitForURL((address) => address.pathname === '/');
  await page.keyboard.type('Second words');
  await page.keyboard.press('Shift+Enter');
  await page.keyboard.type('on two lines');
  await page.keyboard.press('Enter');
  expect(await chat.ended()).toBe('completed');
  expect(await chat.turns.first().innerText()).toContain('Second words\non two lines');
  await page.keyboard.press('Control+k');
  await page.keyboard.type('First words');
  await page.keyboard.press('Enter');
  await chat.turns.getByText('First words', { exact: true }).waitFor();
  expect(await chat.turns.first().innerText()).toContain('First words');
  await reader.close();
});

stackTest('the account menu leads to the documentation, and the chosen theme stays', async ({ stack }) => {
  const reader = await openReader(browser, stack, { colorScheme: 'light' });
  const chat = await openChat(reader, stack.url);
  await chat.page.getByRole('button', { name: /account and appearance/iu }).click();
  const documentation = chat.page.getByRole('menuitem', { name: 'Documentation' });
  await documentation.waitFor();
  expect(await documentation.getAttribute('href')).toBe('/sites/docs/');
  await chat.page.getByRole('menuitemradio', { name: 'Dark' }).click();
  await chat.page.reload();
  await chat.message.waitFor();
  expect(await chat.page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe('rgb(22, 22, 20)');
  await reader.close();
});

stackTest('nothing is asked of any other origin, and little before the first message', async ({ stack }) => {
  const reader = await openReader(browser, stack, { user: 'ada' });
  const asked = new Set<string>();
  const scripts: Promise<Buffer>[] = [];
  reader.on('request', (request) => asked.add(new URL(request.url()).origin));
  reader.on('response', (response) => {
    if (/\.(js|css)$/u.test(new URL(response.url()).pathname)) scripts.push(response.body());
  });
  const chat = await openChat(reader, stack.url);
  await chat.page.getByRole('button', { name: /who answers/iu }).waitFor();
  expect([...asked]).toEqual([new URL(stack.url).origin]);
  // In gzip, whatever this browser and this server agreed on.
  const bytes = (await Promise.all(scripts)).reduce((sum, body) => sum + gzipSync(body).length, 0);
  expect(bytes).toBeGreaterThan(50_000);
  expect(bytes).toBeLessThan(200 * 1024);
  await chat.send('![pixel](https://example.com/pixel.png)');
  await chat.ended();
  expect([...asked]).toEqual([new URL(stack.url).origin]);
  expect(chat.complaints).toEqual([]);
  await reader.close();
});

stackTest('a conversation can be renamed, and deleted with a way back', async ({ stack }) => {
  const reader = await openReader(browser, stack, { user: 'dee' });
  const chat = await openChat(reader, stack.url);
  await chat.pickBundle('Hello');
  await chat.send('Rename me');
  expect(await chat.ended()).toBe('completed');
  const { page } = chat;
  const list = page.getByRole('navigation', { name: 'Conversations' });
  const act = async (title: string, action: string) => {
    await list.getByRole('link', { name: title }).hover();
    await page.getByRole('button', { name: `Actions for ${title}` }).click();
    await page.getByRole('menuitem', { name: action }).click();
  };
  await act('Rename me', 'Rename');
  await page.getByRole('textbox', { name: 'New title' }).fill('Named by hand');
  await page.keyboard.press('Enter');
  await page.reload();
  await list.getByRole('link', { name: 'Named by hand' }).waitFor();
  await act('Named by hand', 'Delete');
  expect(await list.getByRole('link', { name: 'Named by hand' }).count()).toBe(0);
  await page.getByRole('button', { name: 'Undo' }).click();
  await list.getByRole('link', { name: 'Named by hand' }).waitFor();
  await act('Named by hand', 'Delete');
  await page.getByRole('button', { name: 'Undo' }).waitFor({ state: 'detached', timeout: 15_000 });
  await page.reload();
  await chat.message.waitFor();
  await page.getByText('Conversations you start are kept here.').waitFor();
  await reader.close();
});
