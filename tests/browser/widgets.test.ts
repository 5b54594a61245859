import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { createStackTest, launchChromium } from '@switchyard/testkit';
import type { StackFixture } from '@switchyard/testkit';
import type { Browser, BrowserContext, BrowserContextOptions, Frame, FrameLocator } from 'playwright-core';
import { afterAll, beforeAll, expect } from 'vitest';
import { openChat, openReader } from '../src/chat-page.ts';
import type { ChatPage } from '../src/chat-page.ts';
import { openCommandLine } from '../src/command-line.ts';
import { THEMES, WIDTHS, overflow } from '../src/looks.ts';

const stackTest = createStackTest();
let browser: Browser;
let axe = '';
beforeAll(async () => {
  axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  browser = await launchChromium();
});
afterAll(async () => browser.close());

/** By a cookie, as people sign in: what a frame without cookies may see shows only so. */
const signIn = async (stack: StackFixture): Promise<BrowserContext> => {
  const reader = await openReader(browser, stack);
  const page = await reader.newPage();
  await page.goto(await stack.adminLink());
  await page.getByRole('textbox', { name: 'Message' }).waitFor();
  await page.close();
  return reader;
};

/**
 * By a token that the page's requests carry and the frame's do not: the frame asks from an origin that is nobody's, where a header that a
 * test puts on everything would be refused, and prove nothing if it were not.
 */
const openAs = async (
  stack: StackFixture,
  user: string,
  options: BrowserContextOptions = {},
): Promise<BrowserContext> => {
  const reader = await openReader(browser, stack, options);
  const authorization = `Bearer ${await stack.token({ user })}`;
  await reader.route('**/*', async (route) => {
    const headers = await route.request().allHeaders();
    const isFrames = route.request().url().includes('/~');
    await route.continue(isFrames ? {} : { headers: { ...headers, authorization } });
  });
  return reader;
};

const openBoard = async (reader: BrowserContext, stack: StackFixture): Promise<[ChatPage, FrameLocator]> => {
  const chat = await openChat(reader, stack.url);
  await chat.pickBundle('Workboard');
  await chat.page.getByRole('button', { name: 'Open Board' }).click();
  const board = chat.page.frameLocator('iframe[title=Board]');
  await board.getByRole('heading', { name: 'To do' }).waitFor();
  return [chat, board];
};

stackTest('a card that one viewer adds is seen by another without a reload', async ({ stack }) => {
  const [first, second] = [await signIn(stack), await openAs(stack, 'grace')];
  const [chat, board] = await openBoard(first, stack);
  const [, other] = await openBoard(second, stack);
  await board.getByLabel('Add a card to To do').fill('Paint the shed');
  await board.getByLabel('Add a card to To do').press('Enter');
  const seen = other.getByRole('region', { name: 'To do' }).getByRole('button', { name: 'Paint the shed' });
  await seen.waitFor();

  // By keyboard: to the next column, where the first viewer sees it as well.
  await seen.focus();
  await seen.press('Alt+ArrowRight');
  await board
    .getByRole('region', { name: 'Doing' })
    .getByRole('button', { name: 'Paint the shed' })
    .waitFor();
  await board.getByRole('button', { name: 'Paint the shed' }).click();
  await board.getByLabel('Assigned to').fill('Ada');
  await board.getByRole('button', { name: 'Save' }).click();
  await other.getByRole('button', { name: 'Paint the shed Ada' }).waitFor();
  await other.getByRole('searchbox').fill('ada shed');
  await other.getByRole('listitem').filter({ hasText: 'Paint the shed' }).waitFor();

  await chat.send('What is open?');
  expect(await chat.ended()).toBe('completed');
  expect(await chat.answer().innerText()).toContain('Paint the shed');
  expect(chat.complaints).toEqual([]);
  await first.close();
  await second.close();
});

stackTest('a widget has no way out but the bridge, and that leads to its own bundle', async ({ stack }) => {
  const reader = await signIn(stack);
  const [chat] = await openBoard(reader, stack);
  const frame = chat.page.frames().find((one) => one.url().includes('/widgets/board/'));
  const tried = await frame?.evaluate<Record<string, string>>(`(async () => {
    const attempt = async (work) => { try { return String(await work()); } catch (error) { return error.name; } };
    const get = (path) => attempt(async () => (await fetch(path, { credentials: 'include' })).status);
    const ask = (message) => new Promise((resolve) => {
      addEventListener('message', function hear({ data }) {
        if (data.id !== 77) return;
        removeEventListener('message', hear);
        resolve(data.error?.error_type ?? data.kind);
      });
      parent.postMessage(message, '*');
    });
    return {
      cookie: await attempt(() => document.cookie),
      storage: await attempt(() => localStorage.length),
      page: await attempt(() => parent.document.title),
      profile: await get('/profile'),
      chats: await get('/api/cb/conversations/demo/main'),
      outside: await get('https://example.com/'),
      other: await ask({ v: 1, kind: 'call', id: 77, operation: 'count', bundle_id: 'hello', input: { text: 'x' } }),
    };
  })()`);
  expect(tried).toEqual({
    cookie: 'SecurityError',
    storage: 'SecurityError',
    page: 'SecurityError',
    profile: 'TypeError',
    chats: 'TypeError',
    outside: 'TypeError',
    other: 'not_found',
  });
  await reader.close();
});

const TUTORIAL = new URL('../../docs/tutorials/a-widget-with-operations.md', import.meta.url);

/** The files that the tutorial has its reader write, by the name that stands before each. */
const filesOfTutorial = async (): Promise<[name: string, code: string][]> => {
  const blocks = (await readFile(TUTORIAL, 'utf8')).matchAll(
    /`([\w./]+)`:\n\n```(?:ts|html)\n([\s\S]*?)```/gu,
  );
  return [...blocks].map(([, name = '', code = '']) => [name, code]);
};

stackTest(
  'the counter of the tutorial, which answers no messages, is opened by its name and moves for everybody',
  async ({ stack }) => {
    const files = await filesOfTutorial();
    expect(files.map(([name]) => name)).toEqual(['bundle.ts', 'widget/index.html', 'widget/main.ts']);
    await using line = await openCommandLine();
    for (const [name, code] of files) {
      const file = join(line.folder, 'counter', name);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, code);
    }
    const input = await stack.token({ user: 'ada', type: 'privileged' });
    await line.run(['login', stack.url], { input });
    expect(await line.run(['bundle', 'push', 'counter'])).toMatchObject({ code: 0 });
    expect(await line.json(['ops', 'call', 'counter', 'add'])).toEqual([{ count: 1 }]);

    const [first, second] = [await signIn(stack), await openAs(stack, 'grace')];
    const open = async (reader: BrowserContext) => {
      const chat = await openChat(reader, stack.url);
      await chat.pickBundle('Counter');
      await chat.message.waitFor({ state: 'detached' });
      return chat.page.frameLocator('iframe[title=Counter]').getByRole('button');
    };
    const [button, other] = [await open(first), await open(second)];
    await button.getByText('1', { exact: true }).waitFor();
    await other.getByText('1', { exact: true }).waitFor();
    await button.click();
    await button.getByText('2', { exact: true }).waitFor();
    await other.getByText('2', { exact: true }).waitFor();
    await first.close();
    await second.close();
  },
);

/** What axe finds in a frame and not in those inside it, one line for each rule. The context must bypass the page's policy. */
const violations = async (place: Frame): Promise<string[]> => {
  await place.evaluate(axe);
  return place.evaluate<string[]>(
    `axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'], iframes: false }).then((result) =>
      result.violations.map((one) => one.id + ': ' + one.nodes.map((node) => node.target).join(' ')))`,
  );
};

/** Titles of widgets and their icons, of which the page knows one; of the others nothing may be seen, or asked for. */
const ICONS = [
  ['Known', 'hash'],
  ['None', ''],
  ['Unknown', 'no-such-icon'],
  ['Inherited', 'constructor'],
  ['Address', '../../../profile'],
  ['Markup', '<svg onload="document.title = 1">'],
];
const SHELF = `import { defineBundle } from '@switchyard/bundle-sdk';
  const widgets = ${JSON.stringify(ICONS)}.map(([title, icon]) =>
    [title.toLowerCase(), { title, folder: 'widget', allow: 'registered', ...(icon && { icon }) }]);
  export default defineBundle({ id: 'shelf', name: 'Shelf', widgets: Object.fromEntries(widgets) });`;

stackTest.for(WIDTHS)(
  '%i px: a widget has the icon that it names, of those that the page has',
  async (width, { stack }) => {
    await using line = await openCommandLine();
    await mkdir(join(line.folder, 'shelf', 'widget'), { recursive: true });
    await writeFile(join(line.folder, 'shelf', 'bundle.ts'), SHELF);
    await writeFile(
      join(line.folder, 'shelf', 'widget', 'index.html'),
      '<title>Shelf</title><p>Nothing on it.',
    );
    await line.run(['login', stack.url], { input: await stack.token({ user: 'ada', type: 'privileged' }) });
    expect(await line.run(['bundle', 'push', 'shelf'])).toMatchObject({ code: 0 });
    for (const colorScheme of THEMES) {
      const viewport = { width, height: 800 };
      const reader = await openAs(stack, 'ada', {
        colorScheme,
        viewport,
        reducedMotion: 'reduce',
        bypassCSP: true,
      });
      const chat = await openChat(reader, stack.url);
      const { page } = chat;
      await chat.pickBundle('Workboard');
      const opener = page.getByRole('button', { name: 'Open Board' });
      await opener.locator('svg[data-icon=square-kanban]').waitFor();
      await opener.click();
      await page.getByRole('heading', { name: 'Board' }).locator('svg[data-icon=square-kanban]').waitFor();
      await page.keyboard.press('Escape');
      await chat.pickBundle('Shelf');
      const list = page.getByRole('navigation', { name: 'Widgets' });
      await list.locator('svg[data-icon=hash]').waitFor();
      const drawn = await list
        .getByRole('button')
        .evaluateAll((buttons) =>
          buttons.map((button) => [button.textContent, button.querySelectorAll('svg, img').length]),
        );
      expect(drawn).toEqual(ICONS.map(([title]) => [title, title === 'Known' ? 1 : 0]));
      expect(await violations(page.mainFrame())).toEqual([]);
      expect(await overflow(page)).toBeLessThanOrEqual(0);
      expect(await page.title()).not.toBe('1');
      expect(chat.complaints).toEqual([]);
      await reader.close();
    }
  },
);

stackTest('a page whose icons are gone after an update shows widgets by their names', async ({ stack }) => {
  const reader = await openAs(stack, 'ada');
  await reader.route('**/icon-of-set-*', (route) => route.fulfill({ status: 404, body: '' }));
  const [chat, board] = await openBoard(reader, stack);
  await board.getByLabel('Add a card to To do').waitFor();
  await chat.page.getByRole('heading', { name: 'Board' }).waitFor();
  expect(await chat.page.locator('svg[data-icon]').count()).toBe(0);
  await reader.close();
});

stackTest.for(WIDTHS)('%i px: accessible, and nothing wider than the panel', async (width, { stack }) => {
  for (const colorScheme of ['light', 'dark'] as const) {
    const options = {
      user: 'ada',
      colorScheme,
      viewport: { width, height: 800 },
      bypassCSP: true,
    } as const;
    const reader = await openAs(stack, 'ada', { ...options, reducedMotion: 'reduce' });
    const [chat, board] = await openBoard(reader, stack);
    await board
      .getByLabel('Add a card to To do')
      .fill(`Card ${'that_is_far_too_long_for_any_line_'.repeat(4)}`);
    await board.getByLabel('Add a card to To do').press('Enter');
    await board
      .getByRole('region', { name: 'To do' })
      .getByRole('listitem')
      .filter({ hasText: 'far_too' })
      .first()
      .waitFor();
    const frame = chat.page.frames().find((one) => one.url().includes('/widgets/board/'));
    const wider = await frame?.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
    expect(wider).toBeLessThanOrEqual(0);
    for (const place of [chat.page.mainFrame(), frame]) {
      const found = place === undefined ? ['not there'] : await violations(place);
      expect(found).toEqual([]);
    }
    await reader.close();
  }
});
