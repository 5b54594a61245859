import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createStackTest, launchChromium } from '@switchyard/testkit';
import { expect } from 'vitest';
import { openChat, openReader } from '../src/chat-page.ts';
import { openCommandLine } from '../src/command-line.ts';
import { READ_STORAGE } from '../src/read-storage.ts';
import { placesOf, scanFor } from '../src/scan-for.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const KEEPER = join(ROOT, 'services/chat-proc/test/bundles/keeper');
const MODEL_KEY = 'canary-model-key-8f2a6c';
/** A bundle is given it and tells it wherever it can. */
const SECRET = 'canary-secret-of-a-bundle-51d7';

const stackTest = createStackTest({
  hasDocs: true,
  env: {
    MODEL_API_KEY: MODEL_KEY,
    MODEL_BASE_URL: 'http://127.0.0.1:9/v1',
    MODEL_NAME: 'none',
    LOG_LEVEL: 'debug',
  },
});

stackTest(
  'after a whole day nothing that proves somebody lies anywhere: logs, Redis, Postgres, files, core dumps, the browser',
  async ({ stack }) => {
    const ada = await stack.token({ user: 'ada' });
    const admin = await stack.token({ user: 'root', type: 'privileged' });
    const link = await stack.adminLink();
    const as = (token: string) => ({ authorization: `Bearer ${token}` });

    // A bundle with a secret, pushed and set by the command line, that answers and fails with it.
    await using line = await openCommandLine();
    const env = { SWITCHYARD_URL: stack.url, SWITCHYARD_TOKEN: admin };
    expect(await line.run(['bundle', 'push', KEEPER], { env })).toMatchObject({ code: 0 });
    expect(await line.run(['secrets', 'set', 'keeper', 'api_key'], { env, input: SECRET })).toMatchObject({
      code: 0,
    });
    const answer = await fetch(`${stack.url}/api/chat/messages`, {
      method: 'POST',
      headers: { ...as(ada), 'content-type': 'application/json', accept: 'text/event-stream' },
      body: JSON.stringify({ message: 'tell', bundle_id: 'keeper' }),
    });
    const told = await answer.text();
    expect(told).toContain('key=***');
    expect(told).not.toContain(SECRET);

    // A token and a ticket in the query of a stream, where a log would write them.
    const made = await fetch(`${stack.url}/api/auth/stream-ticket`, { method: 'POST', headers: as(ada) });
    const { ticket = '' } = (await made.json()) as { ticket?: string };
    expect(ticket).not.toBe('');
    for (const query of [`bearer_token=${ada}`, `stream_ticket=${ticket}`]) {
      const stop = new AbortController();
      const stream = await fetch(`${stack.url}/sse/stream?stream_id=s&${query}`, { signal: stop.signal });
      expect(stream.status).toBe(200);
      stop.abort();
    }
    for (const path of [`/nothing?bearer_token=${ada}`, `/admin/lanes?bearer_token=${ada}`])
      await (await fetch(`${stack.url}${path}`, { headers: as(`${ada}x`) })).text();

    // A person signs in, writes and leaves the page open.
    const browser = await launchChromium();
    const reader = await openReader(browser, stack);
    const page = await reader.newPage();
    await page.goto(link);
    const chat = await openChat(reader, stack.url);
    await chat.pickBundle('Hello');
    await chat.send('count to 3');
    expect(await chat.ended()).toBe('completed');
    const cookies = await reader.cookies();
    const cookie = cookies.find(({ name }) => name === '__Secure-LMTC');
    expect(cookie).toMatchObject({ httpOnly: true, secure: true });
    const storage = String(await chat.page.evaluate(READ_STORAGE));
    await browser.close();

    const credentials = JSON.parse(
      await readFile(join(dirname(stack.sealedFile), 'credentials.json'), 'utf8'),
    ) as Record<string, string>;
    const canaries = {
      "ada's token": ada,
      "the signature of ada's token": ada.split('.').at(-1) ?? '',
      "the admin's token": admin,
      'the sign-in code': new URL(link).searchParams.get('code') ?? '',
      'the stream ticket': ticket,
      'the masked cookie': cookie?.value ?? '',
      'the secret of a bundle': SECRET,
      'the key of the model': MODEL_KEY,
      'the master key': credentials['masterKey'] ?? '',
      "chat-proc's token for secrets": credentials['secretsToken'] ?? '',
      'the passphrase of the sealed file': await readFile(stack.sealedKeyFile, 'utf8'),
    };
    const places = await placesOf(stack);
    // A scan that reads nothing finds nothing: what is no secret is found in each kind of place.
    const sample = new Map([['place', Buffer.from('it is in here, really')]]);
    expect(scanFor({ word: 'in here, really' }, sample)).toEqual(['word in place']);
    for (const kind of [/^log of chat-proc$/, /^table turn$/, /\.aof$/, /\.rdb$/])
      expect([...places].some(([place, bytes]) => kind.test(place) && bytes.includes('keeper'))).toBe(true);
    places.set("the browser's storage", Buffer.from(storage));
    expect(scanFor(canaries, places)).toEqual([]);
    // A cookie that a page can read, or a token of any kind in what it keeps.
    expect(storage).not.toMatch(/eyJ[\w-]{10,}\.|__Secure-/);
  },
  300_000,
);
