import { addressOf, createStackTest } from '@switchyard/testkit';
import type { RouteRow, StackFixture } from '@switchyard/testkit';
import { expect } from 'vitest';
import { NOBODYS } from '../src/nobodys.ts';
import { readRoutes } from '../src/route-calls.ts';

const stackTest = createStackTest({ isPageless: true, hasDocs: true });

const call = (stack: StackFixture, row: RouteRow, path: string, token?: string): Promise<Response> =>
  fetch(`${stack.url}${path}`, {
    method: row.method,
    redirect: 'manual',
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(row.body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(row.body === undefined ? {} : { body: JSON.stringify(row.body) }),
  });

/** Bodies that a schema alone does not tell. */
const BODIES: readonly (readonly [path: string, body: unknown])[] = [
  ['/api/cb/conversations/{tenant}/{project}/{cid}', { title: 'x' }],
  ['/api/cb/resources/by-rn', { rn: 'conv/nobody/c-nobody/turn/turn_nobody/attachment/nobody' }],
];
const bodyOf = (row: RouteRow): RouteRow => {
  const known = BODIES.find(([path]) => path === row.path && row.body !== undefined);
  return known === undefined ? row : { ...row, body: known[1] };
};

const nameOf = (row: RouteRow): string => `${row.method} ${row.path}`;

interface Refusal {
  readonly status: number;
  readonly type: unknown;
  /** All that a caller is told, but for the id of the request. */
  readonly body: string;
}

const refusalOf = async (answer: Response): Promise<Refusal> => {
  const body = (await answer.text()).replace(/"request_id":"[^"]*"/, '');
  const type = /"error_type":"([^"]*)"/.exec(body)?.[1];
  return { status: answer.status, type, body };
};

stackTest("every admin's write is in the audit log, whatever comes of it", async ({ stack }) => {
  const token = await stack.token({ user: 'root', type: 'privileged' });
  const newest = async () => {
    const answer = await fetch(`${stack.url}/admin/audit?limit=1`, {
      headers: { authorization: `Bearer ${token}` },
    });
    const { items } = (await answer.json()) as { items: { audit_id: number; actor_id: string }[] };
    return items[0];
  };
  const writes = (await readRoutes(stack)).filter((row) => row.guard === 'admin' && row.method !== 'GET');
  expect(writes.length).toBeGreaterThan(15);
  const silent: string[] = [];
  for (const row of writes) {
    const before = await newest();
    const answer = await call(stack, row, addressOf(row, NOBODYS), token);
    const name = `${row.method} ${row.path}: ${answer.status} ${await answer.text()}`;
    const after = await newest();
    if (after === undefined || after.audit_id === before?.audit_id) silent.push(name);
    else expect(after.actor_id, name).toBe('root');
  }
  expect(silent).toEqual([]);
});

stackTest(
  'nobody comes in by any route without proof, without the role, or from elsewhere',
  async ({ stack }) => {
    const rows = (await readRoutes(stack)).filter(({ guard }) => guard !== 'none').map(bodyOf);
    expect(rows.length).toBeGreaterThan(60);
    const user = await stack.token({ user: 'ann' });
    const admin = await stack.token({ user: 'root', type: 'privileged' });
    const elsewhere = [
      await stack.token({ user: 'ann', type: 'privileged', scope: { tenant: 'other', project: 'main' } }),
      await stack.token({ user: 'ann', type: 'privileged', scope: { tenant: 'demo', project: 'other' } }),
    ];
    const wrong: string[] = [];
    const expectOf = async (
      row: RouteRow,
      what: string,
      path: string,
      token: string | undefined,
      want: string,
    ) => {
      const { status, type } = await refusalOf(await call(stack, row, path, token));
      if (`${status} ${String(type)}` !== want)
        wrong.push(`${nameOf(row)} ${what}: ${status} ${String(type)}, not ${want}`);
    };
    for (const row of rows) {
      const path = addressOf(row, NOBODYS);
      // A stranger has a session, and owns nothing.
      if (row.guard === 'user' || row.guard === 'admin')
        await expectOf(row, 'without proof', path, undefined, '401 auth.user_required');
      for (const token of elsewhere) await expectOf(row, 'from elsewhere', path, token, '401 auth.bad_token');
      if (row.guard === 'admin') {
        await expectOf(row, 'without the role', path, user, '403 auth.missing_roles');
        const mark = path.includes('?') ? '&' : '?';
        for (const scope of ['tenant=other', 'project=other', 'tenant=demo&tenant=other'])
          await expectOf(row, scope, `${path}${mark}${scope}`, admin, '403 auth.foreign_scope');
      }
      if (row.parameters.includes('tenant'))
        for (const scope of [{ tenant: 'other' }, { project: 'other' }])
          await expectOf(
            row,
            JSON.stringify(scope),
            addressOf(row, { ...NOBODYS, ...scope }),
            admin,
            '403 auth.foreign_scope',
          );
    }
    expect(wrong).toEqual([]);
  },
  300_000,
);

stackTest(
  'what belongs to somebody else is answered as what is not there, by every id',
  async ({ stack }) => {
    const [ann, bob] = [await stack.token({ user: 'ann' }), await stack.token({ user: 'bob' })];
    const form = new FormData();
    form.set('message', 'count to 2');
    form.set('bundle_id', 'hello');
    form.set('files', new File(['some words of hers'], 'notes.txt', { type: 'text/plain' }));
    const sent = await fetch(`${stack.url}/api/chat/messages`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ann}` },
      body: form,
    });
    const ack = (await sent.json()) as { conversation_id: string; turn_id: string; session_id: string };
    const fetched = async () => {
      const path = `/api/cb/conversations/demo/main/${ack.conversation_id}/fetch`;
      const answer = await fetch(`${stack.url}${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${ann}`, 'content-type': 'application/json' },
        body: '{"materialize":true}',
      });
      return answer.text();
    };
    await expect.poll(fetched, { timeout: 60_000 }).toContain('chat:assistant');
    const rn = /"rn":"([^"]*attachment[^"]*)"/.exec(await fetched())?.[1] ?? '';
    expect(rn).not.toBe('');
    const hers: Readonly<Record<string, string>> = {
      ...NOBODYS,
      cid: ack.conversation_id,
      turn: ack.turn_id,
      owner: 'ann',
      file: rn.split(/[/:]/).at(-1) ?? '',
    };
    const rows = (await readRoutes(stack)).filter((row) => row.guard === 'owner').map(bodyOf);
    expect(rows.length).toBeGreaterThan(10);
    const bodies = (row: RouteRow, mine: boolean): RouteRow =>
      row.path.endsWith('/by-rn')
        ? { ...row, body: { rn: mine ? rn : rn.replace(ack.turn_id, 'turn_nobody') } }
        : row;
    const wrong: string[] = [];
    for (const row of rows) {
      const [theirs, nobodys] = await Promise.all([
        call(stack, bodies(row, true), addressOf(row, hers), bob).then(refusalOf),
        call(stack, bodies(row, false), addressOf(row, NOBODYS), bob).then(refusalOf),
      ]);
      if (theirs.status !== 404 || theirs.body !== nobodys.body)
        wrong.push(
          `${nameOf(row)}: ${theirs.status} ${theirs.body}, and ${nobodys.status} ${nobodys.body} of nobody's`,
        );
    }
    // And she herself is answered, so that the ids were good ones; what takes away goes last.
    for (const row of rows.toSorted(
      (a, b) => Number(a.method === 'DELETE') - Number(b.method === 'DELETE'),
    )) {
      const { status } = await call(stack, bodies(row, true), addressOf(row, hers), ann);
      if (status === 404 || status >= 500 || status === 403)
        wrong.push(`${nameOf(row)} of her own: ${status}`);
    }
    expect(wrong).toEqual([]);
    const asBob = (path: string, body: unknown, headers: Record<string, string> = {}) =>
      fetch(`${stack.url}${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${bob}`, 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      });
    const of = { conversation_id: ack.conversation_id };
    expect((await asBob('/api/chat/messages', { message: 'hello', ...of })).status).toBe(404);
    expect((await asBob('/sse/conv_status.get', of)).status).toBe(404);
    expect((await asBob('/api/auth/stream-ticket', {}, { 'user-session-id': ack.session_id })).status).toBe(
      403,
    );
  },
  300_000,
);
