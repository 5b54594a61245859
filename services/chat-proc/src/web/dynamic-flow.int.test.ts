import net from 'node:net';
import { describe, expect, vi } from 'vitest';
import { webTest as test } from '../../test/web-rig.ts';
import type { WebWorker } from '../../test/web-rig.ts';

const errorTypeOf = async (response: Response): Promise<unknown> =>
  ((await response.json()) as { detail: { error_type: string } }).detail.error_type;

/** What came back for bytes as they are, until the server closes or says nothing more for a while. */
function sendRaw(port: number, text: string, until: (said: string) => boolean): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1');
    let said = '';
    socket.on('data', (chunk: Buffer) => {
      said += chunk.toString('latin1');
      if (until(said)) socket.end();
    });
    socket.once('close', () => resolve(said));
    socket.once('error', reject);
    socket.write(text);
  });
}
const isClosed = (): boolean => false;

const becomes = (worker: WebWorker, path: string, wanted: object): Promise<void> =>
  vi.waitFor(
    async () => expect(await (await fetch(`${worker.origin}${path}`)).json()).toMatchObject(wanted),
    {
      timeout: 20_000,
      interval: 20,
    },
  );

describe('requests that try to be two', () => {
  const body = 'GET /api/count/0 HTTP/1.1\r\nHost: a\r\n\r\n';
  const CASES: Record<string, string> = {
    'length and chunked': `Content-Length: ${body.length}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${body}`,
    'two lengths': `Content-Length: 0\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    'a coding that is not chunked': `Transfer-Encoding: identity\r\n\r\n${body}`,
    'chunked twice': `Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n${body}`,
    'a space before the colon': `Content-Length : ${body.length}\r\n\r\n${body}`,
    'a folded header': `X-A: b\r\n Content-Length: ${body.length}\r\n\r\n${body}`,
    'a negative length': `Content-Length: -1\r\n\r\n${body}`,
    'a length with a sign': `Content-Length: +${body.length}\r\n\r\n${body}`,
    'a chunk size that is no number': `Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n${body}`,
    'a bare line feed': `X-A: b\nContent-Length: ${body.length}\r\n\r\n${body}`,
  };
  test.for(Object.entries(CASES))('%s: refused, and the second one never runs', async ([, rest], { rig }) => {
    const { port, origin } = await rig.start();
    const said = await sendRaw(port, `POST /api/message HTTP/1.1\r\nHost: a\r\n${rest}`, isClosed);
    expect(said).toMatch(/^HTTP\/1\.1 400/u);
    expect(said.match(/HTTP\/1\.1/gu)?.length).toBe(1);
    expect(await (await fetch(`${origin}/api/count/0`)).json()).toMatchObject({ count: 1 });
  });

  test.for([
    '/api/../fetch/hello',
    '/api/%2e%2e/fetch/hello',
    '/api/.%2E',
    '//other.example/api/x',
    '/api/a\\b',
  ])('%s: 400, whatever a handler would make of it', async (path, { rig }) => {
    rig.site('shop', {}, [{ pattern: '/*' }]);
    const { port } = await rig.start();
    const said = await sendRaw(
      port,
      `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`,
      isClosed,
    );
    expect(said).toMatch(/^HTTP\/1\.1 (400|503)/u);
    expect(said).not.toContain('hello from');
  });
});

describe('an answer that comes later', () => {
  test('from a job of the bundle, on the same request', async ({ rig }) => {
    const { origin, base } = await rig.start();
    const answer = await fetch(`${origin}/api/later`);
    expect([answer.status, answer.headers.get('x-by'), await answer.text()]).toEqual([201, 'job', 'job 1']);
    expect(await base.sql.query({ text: 'select request_id from web_response' })).toEqual([]);
  });

  test('from a job in another worker, by way of the row, which goes', async ({ rig }) => {
    // Jobs are taken by whoever is free; with enough requests some of them come from the other worker.
    const [first] = await Promise.all([rig.start(), rig.start()]);
    const answers = await Promise.all(
      Array.from({ length: 12 }, async () => (await fetch(`${first.origin}/api/later`)).text()),
    );
    expect(new Set(answers)).toEqual(new Set(['job 1']));
    expect(await first.base.sql.query({ text: 'select request_id from web_response' })).toEqual([]);
  });

  test("after a 202: fetched once; the second answer is told the first one's status", async ({ rig }) => {
    const worker = await rig.start();
    const { origin } = worker;
    const accepted = await fetch(`${origin}/sites/shop/api/accepted`);
    expect(accepted.status).toBe(202);
    const { status_url: address } = (await accepted.json()) as { status_url: string };
    expect(accepted.headers.get('location')).toBe(address);
    expect(address).toMatch(/^\/sites\/shop\/api\/_status\/[\w-]{20,}$/u);
    rig.site('other');
    const answer = await vi.waitFor(
      async () => {
        const foreign = await fetch(`${origin}${address.replace('/shop/', '/other/')}`);
        expect(foreign.status).toBe(404);
        const asked = await fetch(`${origin}${address}`);
        if (asked.status === 202) throw new Error('not yet');
        return asked;
      },
      { timeout: 20_000, interval: 30 },
    );
    expect([answer.status, await answer.text()]).toEqual([201, 'job 1']);
    await vi.waitFor(async () => expect((await fetch(`${origin}${address}`)).status).toBe(404), {
      timeout: 20_000,
    });
    await becomes(worker, '/api/seen', { told: [{ status: 201 }, { status: 201 }] });
  });

  test('by fetch: 202, then respond() from what goes on', async ({ rig }) => {
    const { origin } = await rig.start();
    const accepted = await fetch(`${origin}/fetch/later`);
    const { status_url: address } = (await accepted.json()) as { status_url: string };
    await vi.waitFor(
      async () => {
        const asked = await fetch(`${origin}${address}`);
        expect([asked.status, await asked.text()]).toEqual([200, 'done in the end']);
      },
      { timeout: 20_000, interval: 30 },
    );
  });

  test('a handler that fails after its 202 is told as 502', async ({ rig }) => {
    const { origin } = await rig.start();
    const { status_url: address } = (await (await fetch(`${origin}/api/failing`)).json()) as {
      status_url: string;
    };
    await vi.waitFor(async () => expect((await fetch(`${origin}${address}`)).status).toBe(502), {
      timeout: 20_000,
      interval: 30,
    });
  });
});

describe('many at once', () => {
  test('500 by each form: none lost, none run twice', async ({ rig }) => {
    const worker = await rig.start();
    const keys = Array.from({ length: 500 }, (_, at) => `k${at}`);
    const byFetch = await Promise.all(
      keys.map(async (key) => {
        const answer = await fetch(`${worker.origin}/fetch/once/5?key=${key}`);
        return answer.status === 200 ? ((await answer.json()) as object) : { status: answer.status };
      }),
    );
    expect(byFetch).toEqual(keys.map((key) => ({ key, count: 1 })));
    const byChannel = await Promise.all(
      keys.map(
        async () => ((await (await fetch(`${worker.origin}/api/count/5`)).json()) as { count: number }).count,
      ),
    );
    expect(byChannel.toSorted((a, b) => a - b)).toEqual(keys.map((_, at) => at + 1));
  });

  test('as many at once as the site says, a bounded line, and 503 beyond it; other sites do not notice', async ({
    rig,
  }) => {
    rig.site('small', { dynamic: { maxRunning: 2, maxWaiting: 3 } });
    const { origin } = await rig.start();
    const ask = () => fetch(`${origin}/api/count/400`, { headers: { 'x-test-site': 'small' } });
    const asked = Array.from({ length: 9 }, ask);
    expect((await fetch(`${origin}/fetch/hello`)).status).toBe(200);
    const answers = await Promise.all(asked);
    const refused = answers.filter(({ status }) => status === 503);
    expect(answers.filter(({ status }) => status === 200).length).toBe(5);
    expect(refused.length).toBe(4);
    for (const answer of refused) {
      expect(answer.headers.get('retry-after')).toBe('2');
      expect(await errorTypeOf(answer)).toBe('web.busy');
    }
  });
});

describe('other origins', () => {
  const cors = {
    origins: ['https://app.example'],
    methods: ['GET', 'PUT'],
    headers: ['x-own'],
    credentials: true,
  };
  const preflight = { 'access-control-request-method': 'PUT', 'access-control-request-headers': 'x-own' };

  test('a preflight is answered by the gateway alone', async ({ rig }) => {
    rig.site('shop', { cors });
    const { origin } = await rig.start();
    const ask = (from: string) =>
      fetch(`${origin}/api/count/0`, { method: 'OPTIONS', headers: { ...preflight, origin: from } });
    const good = await ask('https://app.example');
    expect(good.status).toBe(204);
    expect(Object.fromEntries(good.headers)).toMatchObject({
      'access-control-allow-origin': 'https://app.example',
      'access-control-allow-methods': 'GET, PUT',
      'access-control-allow-headers': 'x-own',
      'access-control-allow-credentials': 'true',
      'access-control-max-age': '600',
      vary: 'Origin',
    });
    for (const bad of ['https://app.example.evil', 'https://evil.example', 'null', 'http://app.example']) {
      const answer = await ask(bad);
      expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([204, null]);
    }
    expect(await (await fetch(`${origin}/api/count/0`)).json()).toMatchObject({ count: 1 });
  });

  test('an answer says the origin that asked, and any without credentials', async ({ rig }) => {
    rig.site('shop', { cors });
    rig.site('open', { cors: { origins: ['*'], credentials: true } });
    const { origin } = await rig.start();
    const ask = async (site: string, from: string) => {
      const answer = await fetch(`${origin}/fetch/hello`, { headers: { origin: from, 'x-test-site': site } });
      const { headers } = answer;
      return [
        headers.get('access-control-allow-origin'),
        headers.get('access-control-allow-credentials'),
        headers.get('vary'),
      ];
    };
    expect(await ask('shop', 'https://app.example')).toEqual(['https://app.example', 'true', 'Origin']);
    expect(await ask('shop', 'https://evil.example')).toEqual([null, null, 'Origin']);
    expect(await ask('open', 'https://evil.example')).toEqual(['*', null, null]);
  });
});
