import { makeTar } from '@switchyard/registry/testing';
import { createStackTest, launchChromium } from '@switchyard/testkit';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect } from 'vitest';
import { grownTo, openChat, openReader, storedAnswer } from '../src/chat-page.ts';
import { counted } from '../src/stream-events.ts';

const stackTest = createStackTest();
let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(async () => browser.close());

stackTest(
  'a message is sent, its answer streams in, and what stands there is what is stored',
  async ({ stack }) => {
    const reader = await openReader(browser, stack, { user: 'ada' });
    const chat = await openChat(reader, stack.url);
    await chat.pickBundle('Hello');
    await chat.send('count to 8');
    const early = await grownTo(chat.answer(), 3);
    expect(early.length).toBeLessThan(counted(8).length);
    expect(await chat.ended()).toBe('completed');
    expect(await chat.answer().innerText()).toBe(counted(8));
    expect(await storedAnswer(chat)).toBe(counted(8));
    await chat.page.getByRole('button', { name: 'Count to 50' }).waitFor();
    expect(chat.complaints).toEqual([]);
    await reader.close();
  },
);

stackTest(
  'a page that is loaded again in mid-answer goes on where it was, to the letter',
  async ({ stack }) => {
    const reader = await openReader(browser, stack, { user: 'ada' });
    const chat = await openChat(reader, stack.url);
    await chat.pickBundle('Hello');
    await chat.send('count to 30');
    const before = await grownTo(chat.answer(), 12);
    await chat.page.reload();
    const after = await grownTo(chat.answer(), before.length);
    expect(after).toBe(counted(30).slice(0, after.length));
    expect(after.length).toBeLessThan(counted(30).length);
    // Once more, from the middle of what was replayed.
    await chat.page.reload();
    expect(await chat.ended()).toBe('completed');
    expect(await chat.answer().innerText()).toBe(counted(30));
    expect(await storedAnswer(chat)).toBe(counted(30));
    expect(chat.complaints).toEqual([]);
    await reader.close();
  },
);

stackTest(
  'the replay of an answer and the stream that goes on with it come late, each as one joined piece: no word twice',
  async ({ stack }) => {
    const reader = await openReader(browser, stack, { user: 'ada' });
    const chat = await openChat(reader, stack.url);
    await chat.pickBundle('Hello');
    await chat.send('count to 40');
    await grownTo(chat.answer(), 12);
    await chat.page.route('**/sse/stream?*', async (route) => {
      const isReplay = new URL(route.request().url()).searchParams.has('replay');
      await chat.page.waitForTimeout(isReplay ? 500 : 1500);
      await route.continue();
    });
    await chat.page.reload();
    const shown = new Set<string>();
    while ((await chat.turns.last().getAttribute('data-status')) !== 'completed')
      shown.add(await chat.answer().innerText({ timeout: 5000 }));
    expect(shown.size).toBeGreaterThan(3);
    for (const text of shown) expect(text).toBe(counted(40).slice(0, text.length));
    expect(await chat.answer().innerText()).toBe(counted(40));
    expect(chat.complaints).toEqual([]);
    await reader.close();
  },
);

stackTest(
  'a bundle that was registered while the page is open can be chosen without a reload',
  async ({ stack }) => {
    const reader = await openReader(browser, stack, { user: 'ada' });
    const chat = await openChat(reader, stack.url);
    const content = `import { defineBundle } from '@switchyard/bundle-sdk';
    export default defineBundle({ id: 'late', name: 'Latecomer', async executeCore(turn) { await turn.delta('here'); } });`;
    const answer = await fetch(`${stack.url}/admin/integrations/bundles/upload?id=late`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${await stack.token({ user: 'root', type: 'privileged' })}`,
        'content-type': 'application/gzip',
      },
      body: new Uint8Array(await makeTar([{ path: 'bundle.ts', content }])),
    });
    expect(answer.status).toBe(200);
    await chat.pickBundle('Latecomer');
    await chat.send('who is there?');
    expect(await chat.ended()).toBe('completed');
    expect(await chat.answer().innerText()).toBe('here');
    expect(chat.complaints).toEqual([]);
    await reader.close();
  },
);

stackTest('a running answer is stopped, and what was written stays', async ({ stack }) => {
  const reader = await openReader(browser, stack, { user: 'ada' });
  const chat = await openChat(reader, stack.url);
  await chat.pickBundle('Hello');
  await chat.send('count to 500');
  await grownTo(chat.answer(), 10);
  await chat.page.getByRole('button', { name: 'Stop answering' }).click();
  expect(await chat.ended()).toBe('cancelled');
  await chat.page.getByText('You stopped this answer').waitFor();
  const shown = await chat.answer().innerText();
  expect(shown.startsWith('1, 2, 3')).toBe(true);
  await chat.page.reload();
  expect((await grownTo(chat.answer(), 3)).startsWith('1, 2, 3')).toBe(true);
  await reader.close();
});

stackTest(
  'a second tab follows a running answer, and goes on when the first one is closed',
  async ({ stack }) => {
    const reader = await openReader(browser, stack, { user: 'ada' });
    const first = await openChat(reader, stack.url);
    await first.pickBundle('Hello');
    await first.send('count to 40');
    await grownTo(first.answer(), 10);
    const second = await openChat(reader, first.page.url());
    const seen = await grownTo(second.answer(), 10);
    expect(counted(40).startsWith(seen)).toBe(true);
    await first.page.close();
    expect(await second.ended()).toBe('completed');
    expect(await second.answer().innerText()).toBe(counted(40));
    expect(second.complaints).toEqual([]);
    await reader.close();
  },
);

stackTest('another device of the same person sees a new conversation and its answer', async ({ stack }) => {
  const [desk, phone] = [
    await openReader(browser, stack, { user: 'eve' }),
    await openReader(browser, stack, { user: 'eve' }),
  ];
  const there = await openChat(phone, stack.url);
  const here = await openChat(desk, stack.url);
  await here.pickBundle('Hello');
  await here.send('Is anybody there?');
  expect(await here.ended()).toBe('completed');
  await there.page.getByRole('link', { name: /Is anybody there/u }).click();
  expect(await grownTo(there.answer(), 10)).toBe(await here.answer().innerText());
  await desk.close();
  await phone.close();
});

stackTest('a message to a busy conversation waits in sight, then gets its own answer', async ({ stack }) => {
  const reader = await openReader(browser, stack, { user: 'ada' });
  const chat = await openChat(reader, stack.url);
  await chat.pickBundle('Hello');
  await chat.send('count to 12');
  await grownTo(chat.answer(), 3);
  await chat.send('count to 3');
  const queue = chat.page.getByRole('list', { name: 'Queued' });
  await queue.getByText('count to 3').waitFor();
  expect(await chat.turns.count()).toBe(1);
  await chat.turns.nth(1).waitFor({ timeout: 30_000 });
  expect(await chat.ended()).toBe('completed');
  expect(await queue.count()).toBe(0);
  expect(await chat.answer(0).innerText()).toBe(counted(12));
  expect(await chat.answer(1).innerText()).toBe(counted(3));
  await reader.close();
});

stackTest('an answer from the documents shows its sources', async ({ stack }) => {
  const reader = await openReader(browser, stack, { user: 'ada' });
  const chat = await openChat(reader, stack.url);
  await chat.send('What is a lane?');
  expect(await chat.ended()).toBe('completed');
  const chip = chat.answer().locator('button.cite').first();
  if ((await chip.count()) > 0) {
    await chip.click();
    const sources = chat.page.getByRole('complementary', { name: 'Sources' });
    await sources.waitFor();
    await chat.page.keyboard.press('Escape');
    await sources.waitFor({ state: 'detached' });
  }
  expect(await chat.answer().innerText()).not.toMatch(/\[\d+\]/u);
  expect(chat.complaints).toEqual([]);
  await reader.close();
});

stackTest('a guest writes without signing in and finds the conversation again', async ({ stack }) => {
  const reader = await openReader(browser, stack);
  const chat = await openChat(reader, stack.url);
  await chat.page.getByText('Not signed in').waitFor();
  await chat.send('What is a lane?');
  expect(await chat.ended()).toBe('completed');
  const said = await chat.answer().innerText();
  await chat.page.goto(stack.url);
  await chat.page.getByRole('navigation', { name: 'Conversations' }).getByRole('link').first().click();
  expect(await grownTo(chat.answer(), 3)).toBe(said);
  await reader.close();
});

stackTest('the printed link signs in', async ({ stack }) => {
  const reader = await openReader(browser, stack);
  const chat = await openChat(reader, await stack.adminLink());
  await chat.page.getByText('Administrator').waitFor();
  await reader.close();
});
