import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { launchChromium } from '@switchyard/testkit';
import type { Browser } from 'playwright-core';

const run = promisify(execFile);

/** A Chromium with a home of its own, in which this certificate is trusted as `docs/how-to/use-https-on-your-machine.md` says it. */
export const launchTrustingChromium = async (
  certificateFile: string,
): Promise<{ browser: Browser; close(): Promise<void> }> => {
  const home = await mkdtemp(join(tmpdir(), 'switchyard-home-'));
  const remove = () => rm(home, { recursive: true, force: true });
  try {
    const store = join(home, '.pki', 'nssdb');
    await mkdir(store, { recursive: true });
    const database = ['-d', `sql:${store}`];
    await run('certutil', [...database, '-N', '--empty-password']);
    await run('certutil', [...database, '-A', '-t', 'P,,', '-n', 'switchyard', '-i', certificateFile]);
    const browser = await launchChromium({ home });
    return { browser, close: () => browser.close().finally(remove) };
  } catch (error) {
    await remove();
    throw error;
  }
};
