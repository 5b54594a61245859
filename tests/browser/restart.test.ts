import { createStackTest, launchChromium } from '@switchyard/testkit';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect } from 'vitest';
import { grownTo, openChat, openReader } from '../src/chat-page.ts';
import { counted } from '../src/stream-events.ts';

// Without the documentation, which may be left out.
const stackTest = createStackTest();
let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(async () => browser.close());

stackTest('two conversations are found again after a restart of the whole stack', async ({ stack }) => {
  const reader = await openReader(browser, stack, { user: 'ada' });
  const chat = await openChat(reader, stack.url);
  await chat.pickBundle('Hello');
  await chat.send('count to 4');
  expect(await chat.ended()).toBe('completed');
  const first = chat.page.url();
  await chat.page.goto(stack.url);
  await chat.pickBundle('Hello');
  await chat.send('Remember me please');
  expect(await chat.ended()).toBe('completed');
  const said = await chat.answer().innerText();
  await stack.restart();
  const again = await openChat(await openReader(browser, stack, { user: 'ada' }), stack.url);
  const list = again.page.getByRole('navigation', { name: 'Conversations' });
  await list.getByRole('link', { name: /Remember me please/u }).click();
  expect(await grownTo(again.answer(), said.length)).toBe(said);
  await list.getByRole('link', { name: /count to 4/iu }).click();
  await again.page.waitForURL(first);
  expect(await grownTo(again.answer(), 4)).toBe(counted(4));
  // Which bundles there are is known by now, so a link to it would be there.
  await again.page.getByRole('button', { name: /account and appearance/iu }).click();
  await again.page.getByRole('menuitemradio', { name: 'Dark' }).waitFor();
  expect(await again.page.getByRole('menuitem', { name: 'Documentation' }).count()).toBe(0);
  await reader.close();
});

stackTest('an ingress that dies in mid-answer costs the reader nothing', async ({ stack }) => {
  const reader = await openReader(browser, stack, { user: 'ada' });
  const chat = await openChat(reader, stack.url);
  await chat.pickBundle('Hello');
  await chat.send('count to 60');
  await grownTo(chat.answer(), 10);
  await stack.service('chat-ingress').kill();
  await chat.page.getByText('Reconnecting').waitFor({ timeout: 10_000 });
  await stack.service('chat-ingress').start();
  expect(await chat.ended()).toBe('completed');
  expect(await chat.answer().innerText()).toBe(counted(60));
  await chat.page.getByText('Reconnecting').waitFor({ state: 'detached' });
  await reader.close();
});

stackTest('a processor that dies in mid-answer: the reader is told, and tries again', async ({ stack }) => {
  const reader = await openReader(browser, stack, { user: 'ada' });
  const chat = await openChat(reader, stack.url);
  await chat.pickBundle('Hello');
  await chat.send('count to 25');
  await grownTo(chat.answer(), 10);
  await stack.service('chat-proc').kill();
  await stack.service('chat-proc').start();
  expect(await chat.ended()).toBe('interrupted');
  await chat.page.getByText('The server restarted while answering').waitFor();
  await chat.page.getByRole('button', { name: 'Try again' }).click();
  await chat.turns.nth(1).waitFor();
  expect(await chat.ended()).toBe('completed');
  expect(await chat.answer().innerText()).toBe(counted(25));
  await reader.close();
});
