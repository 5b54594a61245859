import { withTimeout } from '@switchyard/kernel';
import type { Browser, BrowserContext } from 'playwright-core';
import { noteStep } from './recent-steps.ts';

const OPEN_MS = 60_000;
const CLOSE_MS = 20_000;

/** What is not closed by then is left to the end of the whole browser: nothing that a test shows depends on it. */
const closing = async (what: string, close: () => Promise<void>): Promise<void> => {
  try {
    await withTimeout(close(), CLOSE_MS, what);
  } catch (error) {
    noteStep(`${what}: left open, ${String(error)}`);
  }
};

const boundContext = (context: BrowserContext): BrowserContext => {
  const [newPage, close] = [context.newPage.bind(context), context.close.bind(context)];
  context.newPage = async () => {
    const page = await withTimeout(newPage(), OPEN_MS, 'a new page');
    const closePage = page.close.bind(page);
    page.close = (options) => closing('closing a page', () => closePage(options));
    return page;
  };
  context.close = (options) => closing('closing a context', () => close(options));
  return context;
};

/** Opening and closing are the only waits that Playwright does not bound by itself. Changes the browser that it is given. */
export const boundBrowser = (browser: Browser): Browser => {
  const newContext = browser.newContext.bind(browser);
  browser.newContext = async (options) =>
    boundContext(await withTimeout(newContext(options), OPEN_MS, 'a new context'));
  return browser;
};
