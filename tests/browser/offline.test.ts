import { createHash } from 'node:crypto';
import { createStackTest, launchChromium } from '@switchyard/testkit';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect } from 'vitest';
import { keptMessages, openChat, openReader, storedArtifacts } from '../src/chat-page.ts';
import { counted } from '../src/stream-events.ts';

const stackTest = createStackTest();
let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(async () => browser.close());

stackTest(
  'written offline: it waits in sight, goes out when the network is back, and is answered exactly once',
  async ({ stack }) => {
    const reader = await openReader(browser, stack, { user: 'off' });
    const chat = await openChat(reader, stack.url);
    await chat.pickBundle('Hello');
    await chat.send('count to 3');
    expect(await chat.ended()).toBe('completed');
    await reader.setOffline(true);
    await chat.send('count to 4');
    await chat.send('count to 5');
    const waiting = chat.page.locator('li[data-status=queued_offline]');
    await expect.poll(() => waiting.count()).toBe(2);
    await waiting.first().getByText('Waiting for the connection').waitFor();
    await chat.send('never mind');
    await waiting.nth(2).getByRole('button', { name: 'Discard' }).click();
    await expect.poll(() => waiting.count()).toBe(2);
    await reader.setOffline(false);
    await chat.page.locator('li[data-status=completed]').nth(2).waitFor({ timeout: 60_000 });
    expect(await chat.turns.count()).toBe(3);
    expect(await chat.answer(1).innerText()).toBe(counted(4));
    expect(await chat.answer(2).innerText()).toBe(counted(5));
    // What the server holds is what stands there: nothing twice, nothing lost.
    await chat.page.reload();
    await chat.page.locator('li[data-status=completed]').nth(2).waitFor();
    expect(await chat.turns.count()).toBe(3);
    expect(await chat.answer(2).innerText()).toBe(counted(5));
    await reader.close();
  },
);

stackTest(
  'a reload keeps what waits, also when it is the first message of its conversation',
  async ({ stack }) => {
    const reader = await openReader(browser, stack, { user: 'kept' });
    const chat = await openChat(reader, stack.url);
    await chat.pickBundle('Hello');
    // The server is there, but takes no messages: the page can be loaded again.
    await chat.page.route('**/api/chat/messages', (route) => route.abort());
    await chat.send('count to 6');
    const waiting = chat.page.locator('li[data-status=queued_offline]');
    await waiting.getByText('count to 6').waitFor();
    await chat.page.reload();
    await waiting.getByText('count to 6').waitFor();
    const tried = chat.page.waitForRequest('**/api/chat/messages');
    await waiting.getByRole('button', { name: 'Send now' }).click();
    await tried;
    // From here on it may go by itself at any moment.
    await chat.page.unroute('**/api/chat/messages');
    expect(await chat.ended()).toBe('completed');
    expect(await chat.turns.count()).toBe(1);
    expect(await chat.answer().innerText()).toBe(counted(6));
    await reader.close();
  },
);

stackTest(
  'what is refused for good says so, and can be edited, sent again or thrown away',
  async ({ stack }) => {
    const reader = await openReader(browser, stack, { user: 'bad' });
    const chat = await openChat(reader, stack.url);
    await chat.pickBundle('Hello');
    const refuse = {
      status: 422,
      json: { detail: { error: 'Not like that.', error_type: 'request.refused' } },
    };
    await chat.page.route('**/api/chat/messages', (route) => route.fulfill(refuse));
    await chat.send('count to 2');
    const failed = chat.page.locator('li[data-status=unsent]');
    await failed.getByText('Not like that.').waitFor();
    await failed.getByRole('button', { name: 'Edit' }).click();
    expect(await chat.message.inputValue()).toBe('count to 2');
    await chat.message.press('Enter');
    await failed.waitFor();
    await chat.page.unroute('**/api/chat/messages');
    await failed.getByRole('button', { name: 'Try again' }).click();
    expect(await chat.ended()).toBe('completed');
    expect(await chat.answer().innerText()).toBe(counted(2));
    await reader.close();
  },
);

stackTest('a file that waits is kept with its message through a reload', async ({ stack }) => {
  const reader = await openReader(browser, stack, { user: 'file' });
  const chat = await openChat(reader, stack.url);
  await chat.pickBundle('Hello');
  const content = Buffer.from('Ünïcode and \0 bytes \n'.repeat(5000));
  await chat.page.route('**/api/chat/messages', (route) => route.abort());
  const file = { name: 'notes.txt', mimeType: 'text/plain', buffer: content };
  await chat.page.locator('input[type=file]').setInputFiles(file);
  await chat.send('count to 2');
  const waiting = chat.page.locator('li[data-status=queued_offline]');
  await waiting.getByText('notes.txt').waitFor();
  await chat.page.reload();
  await waiting.getByText('notes.txt').waitFor();
  await chat.page.unroute('**/api/chat/messages');
  expect(await chat.ended()).toBe('completed');
  // The server names a file by what is in it.
  const kept = (await storedArtifacts(chat)).find(({ type }) => type === 'artifact:user.attachment');
  expect(kept?.data?.text).toBe('notes.txt');
  expect(kept?.data?.payload?.rn?.split('/').at(-1)).toBe(createHash('sha256').update(content).digest('hex'));
  expect(await keptMessages(chat.page)).toEqual([]);
  await reader.close();
});

stackTest('what a tab left when it was closed is sent by another one, and not before', async ({ stack }) => {
  const reader = await openReader(browser, stack, { user: 'tabs' });
  const first = await openChat(reader, stack.url);
  await first.pickBundle('Hello');
  await first.page.route('**/api/chat/messages', (route) => route.abort());
  await first.send('count to 4');
  await first.page.locator('li[data-status=queued_offline]').waitFor();
  await expect.poll(() => keptMessages(first.page)).toHaveLength(1);
  const address = first.page.url();
  const [left] = await keptMessages(first.page);

  const second = await openChat(reader, stack.url);
  const sent: (string | undefined)[] = [];
  second.page.on('request', (request) => {
    if (request.url().endsWith('/api/chat/messages')) sent.push(request.headers()['idempotency-key']);
  });
  await second.pickBundle('Hello');
  await second.send('count to 3');
  expect(await second.ended()).toBe('completed');
  // Its own went out; that of the living tab stayed where it was.
  expect(sent).toHaveLength(1);
  expect(sent).not.toContain(left?.key);
  await expect.poll(() => keptMessages(second.page)).toEqual([left]);

  await first.page.close();
  // As when the reader turns to it: a page without a window is not told. The browser gives up what the closed tab held in its own
  // time, so the reader comes back until then.
  const turnTo = async () => {
    await second.page.locator('html').dispatchEvent('visibilitychange');
    return sent;
  };
  await expect.poll(turnTo, { timeout: 30_000, interval: 250 }).toEqual([sent[0], left?.key]);
  await second.page.goto(address);
  await second.page.locator('li[data-status=completed]').waitFor({ timeout: 60_000 });
  expect(await second.turns.count()).toBe(1);
  expect(await second.answer().innerText()).toBe(counted(4));
  expect(await keptMessages(second.page)).toEqual([]);
  await reader.close();
});

stackTest('whoever signs out leaves no message behind', async ({ stack }) => {
  const reader = await openReader(browser, stack, { user: 'leaves' });
  const chat = await openChat(reader, stack.url);
  await chat.pickBundle('Hello');
  await chat.page.route('**/api/chat/messages', (route) => route.abort());
  await chat.send('nobody else may read this');
  await chat.page.locator('li[data-status=queued_offline]').waitFor();
  await expect.poll(() => keptMessages(chat.page)).toHaveLength(1);
  await chat.page.getByRole('button', { name: 'Account' }).click();
  await Promise.all([
    chat.page.waitForEvent('load'),
    chat.page.getByRole('menuitem', { name: 'Sign out' }).click(),
  ]);
  await chat.message.waitFor();
  expect(await keptMessages(chat.page)).toEqual([]);
  expect(await chat.page.getByText('nobody else may read this').count()).toBe(0);
  await reader.close();
});
