import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { makeTar } from '@switchyard/registry/testing';
import { createFileBundleStore } from '@switchyard/registry';
import { expect, vi } from 'vitest';
import { ASYNC, PATIENT, askUnder, json } from '../../test/ask-predictions.ts';
import type { View } from '../../test/ask-predictions.ts';
import { ACTOR_DIR, procTest } from '../../test/proc-rig.ts';
import type { ProcRig } from '../../test/proc-rig.ts';
import { cleanUpProcedures } from './clean-up-procedures.ts';

const LIMIT = { timeout: 180_000 };
const TOKEN = 'a-token-of-the-caller';
const ROLES = { procedureRoles: 'kdcube:role:admin' };

const inPython = (name: string): string => `import time
from cog import current_scope
def predict(text: str = "x", wait_ms: int = 0) -> str:
    print("token is", current_scope().context["replicate_api_token"])
    time.sleep(wait_ms / 1000)
    return "${name} " + text
`;
const inTypeScript = (name: string): string => `import { setTimeout as sleep } from 'node:timers/promises';
import { defineBundle, predictor, z } from '@switchyard/bundle-sdk';
export default defineBundle({
  id: 'greedy', name: 'Greedy', capabilities: ['documents'],
  predict: predictor({
    input: z.object({ text: z.string().default('x'), wait_ms: z.int().default(0) }),
    output: z.string(),
    async predict({ text, wait_ms }, ctx) {
      console.log('token is ' + ctx.context.replicate_api_token);
      await sleep(wait_ms, undefined, { signal: ctx.signal });
      return '${name} ' + text;
    },
  }),
});
`;
const sourceOf = { py: ['predict.py', inPython], ts: ['bundle.ts', inTypeScript] } as const;
const KINDS = ['py', 'ts'] as const;

/** A place on the internet whose content changes. */
async function openShelf() {
  const shelf = new Map<string, Buffer>();
  const asked: IncomingMessage[] = [];
  const statuses: number[] = [];
  const server = createServer((req, res) => {
    asked.push(req);
    const bytes = shelf.get(req.url ?? '');
    const tag = `"${bytes?.toString('base64').slice(-40) ?? ''}"`;
    const status = bytes === undefined ? 404 : req.headers['if-none-match'] === tag ? 304 : 200;
    statuses.push(status);
    res.writeHead(status, { etag: tag }).end(status === 200 ? bytes : undefined);
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    host: `127.0.0.1:${port}`,
    url: (name: string) => `http://127.0.0.1:${port}/${name}`,
    asked,
    statuses,
    async put(name: string, files: Readonly<Record<string, string>>): Promise<void> {
      const entries = Object.entries(files).map(([file, content]) => ({ path: file, content }));
      shelf.set(`/${name}`, await makeTar(entries));
    },
    putRaw: (name: string, bytes: Buffer) => void shelf.set(`/${name}`, bytes),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => void server.close(resolve));
    },
  };
}

type Shelf = Awaited<ReturnType<typeof openShelf>>;
const test = procTest.extend<{ shelf: Shelf }>({
  shelf: async ({ task: _task }, use) => {
    await using shelf = await openShelf();
    await use(shelf);
  },
});

function askFor(port: number, token: string | undefined) {
  const call = askUnder(`http://127.0.0.1:${port}`, token);
  const ask = (where: string, body?: object, headers: Record<string, string> = {}, method?: string) =>
    call(where, { body, headers, ...(method === undefined ? {} : { method }) });
  const run = (url: string, more: object = {}, headers: Record<string, string> = {}) =>
    ask(
      '/procedures',
      { ...more, context: { procedure_source_url: url, replicate_api_token: TOKEN } },
      headers,
    );
  const view = async (id: string): Promise<View> => json(await ask(`/procedures/${id}`));
  return {
    ask,
    run,
    view,
    async ended(id: string): Promise<View> {
      const isOver = async () => expect((await view(id)).status).toMatch(/^(succeeded|failed|canceled)$/u);
      await vi.waitFor(isOver, PATIENT);
      return view(id);
    },
  };
}

const versionsOf = async (rig: ProcRig) =>
  (await rig.sql<{ version_id: string }>('select version_id from procedure_version order by created_at')).map(
    (row) => row.version_id,
  );
const storeOf = (rig: ProcRig) => path.join(path.dirname(rig.bundlesDir), 'store');
const foldersOf = async (rig: ProcRig) =>
  (await readdir(storeOf(rig))).filter((name) => name.startsWith('~procedures'));

test(
  'only with a role that the operator named; without one named there are none',
  LIMIT,
  async ({ rig, shelf }) => {
    await rig.ship(ACTOR_DIR);
    await shelf.put('a.tgz', { 'predict.py': inPython('a') });
    const settings = { httpPrivateHosts: shelf.host };
    const without = await rig.start(settings);
    const admin = await rig.token('privileged');
    expect((await askFor(without.port, admin).run(shelf.url('a.tgz'))).status).toBe(404);
    const { port } = await rig.start({ ...settings, ...ROLES });
    expect((await askFor(port, undefined).run(shelf.url('a.tgz'))).status).toBe(401);
    const registered = await askFor(port, await rig.token('registered')).run(shelf.url('a.tgz'));
    expect(registered.status).toBe(403);
    expect(shelf.asked).toEqual([]);
    const { ask, run } = askFor(port, admin);
    const made = await json(await run(shelf.url('a.tgz'), { id: 'mine', input: { text: 'b' } }));
    expect(made).toMatchObject({ status: 'succeeded', output: 'a b', logs: 'token is **********\n' });
    expect((await ask('/predictions', { input: {} })).status).toBe(404);
    expect(await (await ask('/procedures')).json()).toMatchObject({ predictions: [{ id: 'mine' }] });
    const [version] = await versionsOf(rig);
    expect(await (await ask('/admin/integrations/procedures')).json()).toMatchObject({
      predictions: [{ id: 'mine', version, user_id: 'privileged-user' }],
    });
    expect(version).toMatch(/^~procedures__[0-9a-f]{64}$/u);
    const entries = await rig.sql<object>(
      `select actor_id, target, outcome, after from audit_entry where action = 'procedure.run'`,
    );
    expect(entries).toEqual([
      {
        actor_id: 'privileged-user',
        target: shelf.url('a.tgz'),
        outcome: 'done',
        after: { prediction_id: 'mine', sha: version?.slice('~procedures__'.length) },
      },
    ]);
    expect((await ask('/procedures/health-check', { input: {} }, {}, 'PUT')).status).toBe(400);
  },
);

test.for(KINDS)(
  'the row remembers the code, %s: what waits runs as it was sent, whatever lies at the address by then',
  LIMIT,
  async (kind, { rig, shelf }) => {
    await rig.ship(ACTOR_DIR);
    const [file, code] = sourceOf[kind];
    await shelf.put('c.tgz', { [file]: code('old') });
    const settings = { ...ROLES, httpPrivateHosts: shelf.host, procedureSlots: '1' };
    const token = await rig.token('privileged');
    const first = askFor((await rig.start(settings)).port, token);
    const url = shelf.url('c.tgz');
    const blocks = { id: 'blocks', input: { wait_ms: 600_000 } };
    expect((await first.run(url, blocks, ASYNC)).status).toBe(202);
    await vi.waitFor(async () => expect((await first.view('blocks')).status).toBe('processing'), PATIENT);
    expect((await first.run(url, { id: 'waits', input: { text: 'w' } }, ASYNC)).status).toBe(202);
    // Asked each time, brought once.
    expect(shelf.statuses).toEqual([200, 304]);
    const texts = await rig.sql<{ row: string }>(
      `select p::text || encode(coalesce(sealed, ''), 'escape') as row from prediction p
       union all select j::text from background_job j union all select a::text from audit_entry a
       union all select v::text from procedure_version v`,
    );
    expect(texts.length).toBeGreaterThan(4);
    expect(JSON.stringify(texts)).not.toContain(TOKEN);

    await shelf.put('c.tgz', { [file]: code('new') });
    const fresh = await json(await first.run(url, { queue: true, input: { text: 'f' } }));
    expect(fresh).toMatchObject({ status: 'succeeded', output: 'new f' });
    expect(await versionsOf(rig)).toHaveLength(2);
    // Another worker takes it, which never saw the address.
    const asked = shelf.asked.length;
    const second = askFor((await rig.start(settings)).port, token);
    expect(await second.ended('waits')).toMatchObject({
      status: 'succeeded',
      output: 'old w',
      logs: 'token is **********\n',
    });
    expect(shelf.asked).toHaveLength(asked);
    await second.ask('/procedures/blocks/cancel', {});
    expect(await second.ended('blocks')).toMatchObject({ status: 'canceled' });
  },
);

test(
  'a source of one is nobody else’s trouble, and leads nowhere it should not',
  LIMIT,
  async ({ rig, shelf }) => {
    await rig.ship(ACTOR_DIR);
    const settings = { ...ROLES, httpPrivateHosts: shelf.host };
    const { run, ask, ended } = askFor((await rig.start(settings)).port, await rig.token('privileged'));
    const good = { 'predict.py': inPython('good') };
    await shelf.put('good.tgz', good);
    shelf.putRaw('nothing.tgz', Buffer.from('no archive at all'));
    const evil = (entry: object) =>
      makeTar([{ path: 'predict.py', content: 'x' }, entry as Parameters<typeof makeTar>[0][number]]);
    shelf.putRaw('out.tgz', await evil({ path: '../../out.py', content: 'x' }));
    shelf.putRaw('link.tgz', await evil({ path: 'link', type: 'symlink', linkname: '/etc/passwd' }));
    await shelf.put('empty.tgz', { 'readme.md': 'nothing to run' });
    await shelf.put('crooked.tgz', { 'predict.py': 'def predict(:\n' });
    for (const [name, reason] of [
      [shelf.url('nothing.tgz'), /cannot be used: .*no archive/u],
      [shelf.url('out.tgz'), /cannot be used: .*leads out/u],
      [shelf.url('link.tgz'), /cannot be used: .*links are not allowed/u],
      [shelf.url('empty.tgz'), /cannot be used: there is no predictor/u],
      [
        shelf.url('gone.tgz?signature=hidden'),
        /gone\.tgz cannot be used: it cannot be fetched: the answer is 404$/u,
      ],
      [shelf.url('crooked.tgz'), /invalid syntax/u],
      ['http://127.0.0.1:1/x.tgz', /is no public address|not allowed/u],
      ['http://169.254.169.254/latest', /is no public address|not allowed/u],
    ] as const) {
      const input = { text: 'might be a secret' };
      const made = await json(await run(name, { input }));
      expect(made).toMatchObject({ status: 'failed', error: expect.stringMatching(reason) });
      expect(made).toMatchObject({ input: { text: '**********' } });
    }
    expect((await run('file:///etc', { input: {} })).status).toBe(400);
    const late = await run(shelf.url('gone.tgz'), { id: 'late', input: {} }, ASYNC);
    expect(late.status).toBe(202);
    expect(await ended('late')).toMatchObject({ status: 'failed', error: expect.stringContaining('404') });
    expect(await json(await run(shelf.url('good.tgz'), { input: {} }))).toMatchObject({ output: 'good x' });
    const outcomes = await rig.sql<{ outcome: string; targets: string }>(
      `select outcome, string_agg(target, ' ') as targets from audit_entry where action = 'procedure.run' group by outcome`,
    );
    expect(outcomes.map(({ outcome }) => outcome).toSorted()).toEqual(['done', 'refused']);
    expect(JSON.stringify(outcomes)).not.toContain('hidden');
    expect((await ask('/procedures/late/cancel', {})).status).toBe(404);
  },
);

test(
  'more sources than may run take turns, by use; a version goes when no row names it',
  LIMIT,
  async ({ rig, redis, postgres, shelf }) => {
    await rig.ship(ACTOR_DIR);
    const settings = { ...ROLES, httpPrivateHosts: shelf.host, procedureHosts: '2', procedurePlaces: '10' };
    const { run, ask } = askFor((await rig.start(settings)).port, await rig.token('privileged'));
    const names = ['py', 'ts', 'py', 'ts', 'py'] as const;
    for (const [at, kind] of names.entries()) {
      const [file, code] = sourceOf[kind];
      await shelf.put(`s${at}.tgz`, { [file]: code(`s${at}`) });
    }
    const input = { text: 't', wait_ms: 200 };
    const answers = await Promise.all(
      [...names.keys(), ...names.keys()].map(async (at) =>
        json(await run(shelf.url(`s${at}.tgz`), { queue: true, input })),
      ),
    );
    expect(answers.map(({ output }) => output)).toEqual(
      [0, 1, 2, 3, 4, 0, 1, 2, 3, 4].map((at) => `s${at} t`),
    );
    expect(await foldersOf(rig)).toHaveLength(5);
    // Both sources that may run have work: whoever does not wait hears so.
    const busy = [0, 1].map((at) =>
      run(shelf.url(`s${at}.tgz`), { id: `busy${at}`, queue: true, input: { wait_ms: 600_000 } }),
    );
    for (const at of [0, 1])
      await vi.waitFor(
        async () =>
          expect(await json(await ask(`/procedures/busy${at}`))).toMatchObject({ status: 'processing' }),
        PATIENT,
      );
    const refused = await run(shelf.url('s2.tgz'), { input });
    expect([refused.status, await refused.json()]).toMatchObject([
      409,
      { error: 'already running a prediction' },
    ]);
    expect(await (await ask('/procedures/health-check')).json()).toMatchObject({ status: 'BUSY' });
    for (const at of [0, 1]) await ask(`/procedures/busy${at}/cancel`, {});
    for (const one of busy) expect(await json(await one)).toMatchObject({ status: 'canceled' });

    const cleanUp = () =>
      cleanUpProcedures({
        sql: postgres.sql,
        scope: redis,
        bundleStore: createFileBundleStore({ dir: storeOf(rig), token: 'test' }),
        idleMs: 1000,
      });
    const [kept, ...others] = await versionsOf(rig);
    await rig.sql(`update procedure_version set used_at = now() - interval '2 hours'`);
    expect(await cleanUp()).toEqual([]);
    await rig.sql(`delete from prediction where version_id <> '${kept}'`);
    expect((await cleanUp()).toSorted()).toEqual(others.toSorted());
    expect(await foldersOf(rig)).toEqual([kept]);
    // What comes again is made again.
    expect(await json(await run(shelf.url('s4.tgz'), { queue: true, input }))).toMatchObject({
      output: 's4 t',
    });
    expect(await foldersOf(rig)).toHaveLength(2);
  },
);
