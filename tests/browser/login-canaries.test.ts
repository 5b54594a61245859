import { readFile } from 'node:fs/promises';
import { dirname, join as joinPath } from 'node:path';
import { launchChromium } from '@switchyard/testkit';
import type { BrowserContext } from 'playwright-core';
import { expect } from 'vitest';
import { openChat } from '../src/chat-page.ts';
import { loginStackTest } from '../src/login-stack.ts';
import { READ_STORAGE } from '../src/read-storage.ts';
import type { Canaries } from '../src/scan-for.ts';
import { placesOf, plant, scanFor } from '../src/scan-for.ts';
import {
  askForLink,
  atHome,
  choosePassword,
  enterCode,
  join,
  openBrowser,
  setUpCodes,
  signIn,
  signInAtIssuer,
} from '../src/sign-in-pages.ts';

const [FIRST, SECOND, WRONG] = [
  'canary of a first password 7c1e',
  'canary of a second password 90ab',
  'canary of a wrong password 4d4d',
];
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const MAIL = 'ada@example.com';

/** What an app makes of the letters; it is kept as bytes, if at all. */
const bytesOf = (secret: string): Buffer => {
  const bits = Array.from(secret, (each) => LETTERS.indexOf(each).toString(2).padStart(5, '0')).join('');
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
};

const codeIn = (link: URL): string => link.searchParams.get('code') ?? '';

const maskedOf = async (context: BrowserContext): Promise<string> =>
  (await context.cookies()).find(({ name }) => name === '__Secure-LMTC')?.value ?? '';

loginStackTest(
  'whoever has signed in by every way leaves nothing that lets in: logs, Redis, Postgres, files, core dumps, the browser',
  { timeout: 300_000 },
  async ({ login }) => {
    const { stack, mailbox, issuer } = login;
    const browser = await launchChromium();
    const home = await openBrowser(browser);
    const page = await home.newPage();
    await join(page, login, MAIL, FIRST);
    const joinLink = await mailbox.link(MAIL);
    const { app, secret, recoveryCodes } = await setUpCodes(page, stack.url, FIRST);

    // A password that is wrong, one that is right with a recovery code, a link that is used and one that is not.
    const away = await openBrowser(browser);
    const there = await away.newPage();
    await there.goto(`${stack.url}/auth/sign-in`);
    await signIn(there, MAIL, WRONG);
    await there.getByRole('alert').waitFor();
    await signIn(there, MAIL, FIRST);
    await there.getByRole('link', { name: 'Use a recovery code' }).click();
    const [recovery = '', unused = ''] = recoveryCodes;
    await enterCode(there, 'Recovery code', recovery);
    await atHome(there, stack.url);
    const formerCookie = await maskedOf(away);
    const askReset = async (count: number): Promise<URL> => {
      await page.goto(`${stack.url}/auth/forgot`);
      await askForLink(page, MAIL);
      return mailbox.link(MAIL, count);
    };
    const used = await askReset(2);
    const late = await openBrowser(browser);
    const fresh = await late.newPage();
    await fresh.goto(used.href);
    await choosePassword(fresh, SECOND);
    await signIn(fresh, MAIL, SECOND);
    await enterCode(fresh, 'Six-digit code', app.code());
    await atHome(fresh, stack.url);
    // The mail that says that it was changed is the third one.
    const open = await askReset(4);

    const organisation = await openBrowser(browser);
    const olga = await organisation.newPage();
    await olga.goto(`${stack.url}/auth/oidc/start?to=/`);
    await signInAtIssuer(olga, 'olga');
    await atHome(olga, stack.url);
    const chat = await openChat(organisation, stack.url);
    await chat.pickBundle('Hello');
    await chat.send('count to 3');
    expect(await chat.ended()).toBe('completed');
    const storages = await Promise.all(
      [fresh, chat.page].map(async (each) => String(await each.evaluate(READ_STORAGE))),
    );
    const credentials = JSON.parse(
      await readFile(joinPath(dirname(stack.sealedFile), 'credentials.json'), 'utf8'),
    ) as Record<string, string>;
    const canaries: Canaries = {
      'the first password': FIRST,
      'the second password': SECOND,
      'a wrong password': WRONG,
      'the one-time code secret': secret,
      'the bytes of the one-time code secret': bytesOf(secret),
      'a recovery code that was used': recovery,
      'a recovery code that was not': unused,
      'the same without its dash': unused.replace('-', ''),
      'the sign-up link': codeIn(joinLink),
      'a reset link that was used': codeIn(used),
      'a reset link that was not': codeIn(open),
      'the client secret at the issuer': issuer.settings['OIDC_CLIENT_SECRET'] ?? '',
      'the cookie that was ended': formerCookie,
      'the cookie of a password': await maskedOf(late),
      'the cookie of the issuer': await maskedOf(organisation),
      'the master key': credentials['masterKey'] ?? '',
      "chat-proc's token for secrets": credentials['secretsToken'] ?? '',
    };
    await browser.close();
    const places = await placesOf(stack);
    for (const [at, storage] of storages.entries()) {
      places.set(`the browser's storage ${at}`, Buffer.from(storage));
      expect(storage).not.toMatch(/eyJ[\w-]{10,}\.|__Secure-|__Host-/);
    }
    // The issuer's tokens are JWTs; none lies anywhere in clear, whoever made it.
    const tokens = [...places].filter(([, bytes]) =>
      /eyJ[\w-]{10,}\.eyJ[\w-]{10,}\./.test(bytes.toString('latin1')),
    );
    expect(tokens.map(([place]) => place)).toEqual([]);
    expect(scanFor(canaries, places)).toEqual([]);
    for (const kind of [/^log of proxylogin$/, /^table app_user$/])
      expect([...places].some(([place, bytes]) => kind.test(place) && bytes.length > 0)).toBe(true);
    // The scan finds what lies there, so that nothing found means nothing there.
    const planted = 'canary that was planted 33f0';
    const kinds = await plant(stack, planted);
    const found = scanFor({ planted }, await placesOf(stack));
    for (const kind of kinds) expect(found.filter((place) => kind.test(place))).not.toEqual([]);
  },
);
