import { createStackTest, launchChromium } from '@switchyard/testkit';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect } from 'vitest';
import { openChat, openReader } from '../src/chat-page.ts';
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
    await chat.page.unroute('**/api/chat/messages');
    await waiting.getByRole('button', { name: 'Send now' }).click();
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
