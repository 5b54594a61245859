import { addressOf, createStackTest } from '@switchyard/testkit';
import type { RouteRow, StackFixture } from '@switchyard/testkit';
import { expect } from 'vitest';
import { NOBODYS } from '../src/nobodys.ts';
import { readRoutes } from '../src/route-calls.ts';

// Every route several times over, from one address and one user.
const stackTest = createStackTest({
  hasDocs: true,
  isPageless: true,
  hasLogin: true,
  env: { RATE_ADDRESS: '1000000/1m', RATE_REGISTERED: '1000000/1m', LOG_LEVEL: 'debug' },
});
const SLOW = 300_000;
const EVIL = 'https://evil.example';

const ask = (stack: StackFixture, row: RouteRow, path: string, init: RequestInit = {}): Promise<Response> =>
  fetch(`${stack.url}${path}`, {
    method: row.method,
    redirect: 'manual',
    ...(row.body === undefined ? {} : { body: JSON.stringify(row.body) }),
    ...init,
    headers: {
      ...(row.body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(init.headers as Record<string, string> | undefined),
    },
  });
const nameOf = ({ method, path }: RouteRow): string => `${method} ${path}`;
const typeOf = (text: string): string => /"error_type":"([^"]*)"/.exec(text)?.[1] ?? '';

stackTest(
  'no route lets a page of another site read its answer',
  async ({ stack }) => {
    const authorization = `Bearer ${await stack.token({ user: 'ann' })}`;
    const open: string[] = [];
    const look = (what: string, { headers }: Response): void => {
      const allowed = headers.get('access-control-allow-origin');
      const credentials = headers.get('access-control-allow-credentials');
      if (allowed !== null || credentials !== null) open.push(`${what}: ${allowed} ${credentials}`);
    };
    for (const row of await readRoutes(stack)) {
      const path = addressOf(row, NOBODYS);
      for (const origin of [EVIL, 'null', `${stack.url}.evil.example`]) {
        const preflight = await fetch(`${stack.url}${path}`, {
          method: 'OPTIONS',
          headers: {
            origin,
            'access-control-request-method': row.method,
            'access-control-request-headers': 'authorization, content-type',
          },
        });
        look(`${nameOf(row)} preflight of ${origin}`, preflight);
        await preflight.text();
      }
      const stop = new AbortController();
      const answer = await ask(stack, row, path, {
        headers: { origin: EVIL, authorization },
        signal: stop.signal,
      });
      look(`${nameOf(row)} of ${EVIL}`, answer);
      // A stream has no end to wait for.
      stop.abort();
    }
    for (const path of ['/auth/session', '/auth/sign-in', '/health'])
      look(path, await fetch(`${stack.url}${path}`, { headers: { origin: EVIL } }));
    // A script of ours without anything in it that is somebody's: pages of widgets load it from nobody's origin.
    expect(open).toEqual([`GET /api/integrations/widgets/bridge.js of ${EVIL}: * null`]);
  },
  SLOW,
);

/** Whom a caller says he is, in every place where somebody might believe it. */
const CLAIMED = {
  user_id: 'root',
  username: 'root',
  user_type: 'privileged',
  roles: ['kdcube:role:super-admin'],
  role: 'admin',
  permissions: ['*'],
  is_admin: true,
  user: { user_id: 'root', roles: ['kdcube:role:super-admin'] },
  session_id: 's-root',
};
const CLAIMED_HEADERS = {
  'x-user-id': 'root',
  'x-user': 'root',
  'x-user-type': 'privileged',
  'x-user-roles': 'kdcube:role:super-admin',
  'x-roles': 'kdcube:role:super-admin',
  'x-forwarded-user': 'root',
  'x-auth-request-user': 'root',
  'x-remote-user': 'root',
  'remote-user': 'root',
  'x-tenant': 'demo',
  'x-bundle-id': 'hello',
  'x-internal': '1',
  'x-forwarded-for': '127.0.0.1',
  'x-real-ip': '127.0.0.1',
  'x-original-url': '/health',
  'x-rewrite-url': '/health',
  'x-http-method-override': 'GET',
  'cf-access-jwt-assertion': 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJyb290In0.',
};

stackTest(
  'who somebody says he is, in body, query or header, changes nothing on any route',
  async ({ stack }) => {
    const ann = `Bearer ${await stack.token({ user: 'ann' })}`;
    const claims = new URLSearchParams(
      Object.entries(CLAIMED).map(([name, value]) => [
        name,
        typeof value === 'string' ? value : JSON.stringify(value),
      ]),
    );
    const wrong: string[] = [];
    const rows = (await readRoutes(stack)).filter(({ guard }) => guard === 'admin' || guard === 'user');
    expect(rows.length).toBeGreaterThan(40);
    for (const row of rows) {
      const path = addressOf(row, NOBODYS);
      const mark = path.includes('?') ? '&' : '?';
      const expectOf = async (headers: Record<string, string>, refusal: string) => {
        const beside = await ask(stack, row, `${path}${mark}${claims.toString()}`, { headers });
        const got = `${beside.status} ${typeOf(await beside.text())}`;
        if (got !== refusal) wrong.push(`${nameOf(row)}: ${got}, not ${refusal}`);
        if (typeof row.body !== 'object' || row.body === null) return;
        const within = await ask(stack, { ...row, body: { ...row.body, ...CLAIMED } }, path, { headers });
        const said = `${within.status} ${typeOf(await within.text())}`;
        // A schema that takes nothing beside its fields says so first.
        if (said !== refusal && said !== '400 request.invalid')
          wrong.push(`${nameOf(row)}, in its body: ${said}, not ${refusal}`);
      };
      await expectOf(CLAIMED_HEADERS, '401 auth.user_required');
      if (row.guard === 'admin')
        await expectOf({ ...CLAIMED_HEADERS, authorization: ann }, '403 auth.missing_roles');
    }
    expect(wrong).toEqual([]);
  },
  SLOW,
);

stackTest(
  'what comes in makes no line of its own in any log, and no control character',
  async ({ stack }) => {
    const authorization = `Bearer ${await stack.token({ user: 'ann' })}`;
    const line = `{"level":"error","msg":"forged by a caller"}`;
    const breaks = ['\n', '\r\n', '\u2028', '\u001b[2J\u001b[1;1H'];
    for (const each of breaks) {
      const text = `x${each}${line}`;
      const encoded = encodeURIComponent(text);
      const headers = { authorization, 'content-type': 'application/json' };
      await fetch(`${stack.url}/nothing/${encoded}?a=${encoded}`, { headers });
      await fetch(`${stack.url}/api/integrations/bundles/demo/main/${encoded}`, { headers });
      await fetch(`${stack.url}/admin/users/${encoded}/sign-ins`, { headers });
      await fetch(`${stack.url}/api/cb/conversations/demo/main/${encoded}/details`, { headers });
      await fetch(`${stack.url}/api/chat/messages`, {
        method: 'POST',
        headers,
        body: JSON.stringify({ message: text, bundle_id: text, conversation_id: text }),
      });
      await fetch(`${stack.url}/auth/sign-in`, {
        method: 'POST',
        redirect: 'manual',
        headers: { 'sec-fetch-site': 'same-origin' },
        body: new URLSearchParams({ login: text, password: text, to: text }),
      });
      // What `fetch` lets through of it in a header.
      await fetch(`${stack.url}/profile`, {
        headers: {
          authorization,
          'user-agent': `x${line}\u001b`.replaceAll('\u001b', '\u0080'),
          'x-request-id': line,
        },
      });
    }
    const services = ['web-proxy', 'chat-ingress', 'chat-proc', 'proxylogin'] as const;
    const forged: string[] = [];
    let lines = 0;
    for (const name of services)
      for (const text of stack.lines(name)) {
        lines += 1;
        // One line is one object of ours, whose text is escaped.
        const read = JSON.parse(text) as { msg?: string };
        // oxlint-disable-next-line eslint/no-control-regex -- control characters are what is looked for
        if (read.msg === 'forged by a caller' || /[\u0000-\u001f\u007f\u2028]/.test(text))
          forged.push(`${name}: ${text}`);
      }
    expect(forged).toEqual([]);
    expect(lines).toBeGreaterThan(20);
  },
);

/** Parts of an address that name a place, which everybody may know, and not a thing that is somebody's. */
const PLACES = new Set(['tenant', 'project', 'bundle', 'operation', 'alias', 'path', 'tail']);

stackTest(
  'an id in the address of a route is an owner’s or an administrator’s, with one exception',
  async ({ stack }) => {
    const free = (await readRoutes(stack))
      .filter(({ guard }) => guard !== 'owner' && guard !== 'admin')
      .filter(({ parameters }) => parameters.some((name) => !PLACES.has(name)))
      .map(nameOf);
    // One's own sign-ins: beside the route is the test that another's is not there.
    expect(free).toEqual(['DELETE /api/auth/sign-ins/{sign_in_id}']);
  },
);
