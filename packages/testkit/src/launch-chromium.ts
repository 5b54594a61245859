import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium } from 'playwright-core';
import type { Browser } from 'playwright-core';
import { boundBrowser } from './bound-browser.ts';
import { noteStep } from './recent-steps.ts';

const PROGRAMS = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const MAC_CHROME = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome';

const isExecutable = (file: string): boolean => {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

const findChromium = (path: string): string | undefined =>
  [
    ...PROGRAMS.flatMap((program) => path.split(delimiter).map((folder) => join(folder, program))),
    MAC_CHROME,
  ].find(isExecutable);

export interface ChromiumOptions {
  /** A home of its own, with what this browser trusts; else that of whoever runs the tests. */
  readonly home?: string;
}

/** The machine's own Chromium, headless. Close it after the tests. */
export const launchChromium = async ({ home }: ChromiumOptions = {}): Promise<Browser> => {
  const executablePath = findChromium(process.env['PATH'] ?? '');
  if (executablePath === undefined)
    throw new Error('no Chromium on the PATH; ./dev test browser installs it where it may');
  // As root (containers, CI) Chromium refuses to run with its own sandbox; /dev/shm is too small for it there.
  const browser = await chromium.launch({
    executablePath,
    // oxlint-disable-next-line typescript/no-deprecated -- all that is wanted is the names of the last steps; a trace of each test is a file
    logger: {
      isEnabled: (name) => name === 'api',
      log: (_name, _severity, message) => noteStep(String(message)),
    },
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
    ...(home === undefined ? {} : { env: { PATH: process.env['PATH'] ?? '', HOME: home } }),
  });
  return boundBrowser(browser);
};
