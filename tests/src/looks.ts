import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';

export const THEMES = ['light', 'dark'] as const;
/** A phone, a tablet, a desk, px. */
export const WIDTHS = [360, 768, 1440] as const;
const AXE_TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const AXE_FILE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** What axe finds, one line for each rule. The context must bypass the page's policy, which allows no script of ours. */
export const violations = async (page: Page): Promise<string[]> => {
  await page.evaluate(await readFile(AXE_FILE, 'utf8'));
  return page.evaluate<string[]>(
    `axe.run(document, { runOnly: ${JSON.stringify(AXE_TAGS)} }).then((result) =>
      result.violations.map((found) => found.id + ': ' + found.nodes.map((node) => node.target).join(' ')))`,
  );
};

/** How far the page, or a part of it that must not, can be scrolled sideways, px. */
export const overflow = (page: Page): Promise<number> =>
  page.evaluate<number>(
    'Math.max(document.documentElement.scrollWidth, document.body.scrollWidth) - innerWidth',
  );
