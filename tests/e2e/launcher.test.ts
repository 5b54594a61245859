import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { createServer } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { lastingPort } from '@switchyard/testkit';
import { expect, test } from 'vitest';
import { SCOPE } from '../src/chat-calls.ts';
import { answerText, counted, isTerminal, readEvents, readUntil } from '../src/stream-events.ts';

const PROGRAM = fileURLToPath(new URL('../../packages/devstack/src/cli/main.ts', import.meta.url));

interface Result {
  readonly code: number | null;
  readonly output: string;
}

interface RunFile {
  readonly launcher: { readonly pid: number };
  readonly processes: readonly { readonly name: string; readonly identity: { readonly pid: number } }[];
}

interface Launcher {
  readonly url: string;
  readonly flags: string[];
  run(...words: string[]): Promise<Result>;
  start(...words: string[]): {
    child: ReturnType<typeof spawn>;
    until: (text: string) => Promise<void>;
    ended: Promise<Result>;
  };
  state(): Promise<RunFile>;
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

const GONE_MS = 15_000;

const expectAllGone = async (state: RunFile): Promise<void> => {
  const pids = [state.launcher.pid, ...state.processes.map(({ identity }) => identity.pid)];
  await expect.poll(() => pids.filter(isAlive), { timeout: GONE_MS, interval: 50 }).toEqual([]);
};

/** `./dev` without its bash half, on ports and a data folder of its own. */
const launcherTest = test.extend<{ launcher: Launcher }>({
  launcher: async ({ task: _task }, use) => {
    const dir = await mkdtemp(join(tmpdir(), 'switchyard-launcher-'));
    await chmod(dir, 0o755);
    const port = await lastingPort();
    const names = ['chat-ingress', 'chat-proc', 'proxylogin', 'web-ui', 'secrets', 'exec'];
    const others = await Promise.all(
      names.map(async (name) => [`--${name}-port`, String(await lastingPort())]),
    );
    const data = join(dir, 'data');
    const flags = ['--port', String(port), ...others.flat(), '--data', data];
    const start: Launcher['start'] = (...words) => {
      const child = spawn(process.execPath, [PROGRAM, ...words], {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...process.env, REDIS_URL: '' },
      });
      let output = '';
      const seen: (() => void)[] = [];
      for (const stream of [child.stdout, child.stderr]) {
        stream.on('data', (chunk: Buffer) => {
          output += chunk.toString();
          for (const look of seen) look();
        });
      }
      const ended = new Promise<Result>((resolve) =>
        child.once('close', (code) => resolve({ code, output })),
      );
      const until = (text: string): Promise<void> =>
        new Promise((resolve, reject) => {
          const look = (): void => void (output.includes(text) && resolve());
          seen.push(look);
          look();
          void ended.then(() => reject(new Error(`it ended without "${text}":\n${output}`)));
        });
      return { child, until, ended };
    };
    const run: Launcher['run'] = (...words) => start(...words).ended;
    const state = async (): Promise<RunFile> =>
      JSON.parse(await readFile(join(data, 'run.json'), 'utf8')) as RunFile;
    await use({ url: `http://localhost:${port}`, flags, run, start, state });
    await run('down', '--data', data);
    await rm(dir, { recursive: true, force: true });
  },
});

const say = async ({ url }: Launcher, token: string, message: string): Promise<string> => {
  const response = await fetch(`${url}/api/chat/messages`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      accept: 'text/event-stream',
      'content-type': 'application/json',
    },
    body: JSON.stringify({ message, bundle_id: 'hello' }),
  });
  return answerText(await readUntil(readEvents(response), isTerminal));
};

launcherTest('up, token, a message, status, down; and again with the same data', async ({ launcher }) => {
  const data = launcher.flags.slice(-2);
  const first = await launcher.run('up', '--detach', ...launcher.flags);
  expect(first).toMatchObject({ code: 0 });
  expect(first.output).toMatch(/as admin +http:\/\/localhost:\d+\/api\/auth\/redeem\?code=/);
  const token = (await launcher.run('token', '--user', 'ada', ...data)).output.trim();
  expect(await say(launcher, token, 'count to 3')).toBe(counted(3));
  expect((await fetch(launcher.url)).headers.get('content-type')).toMatch(/^text\/html/);
  expect(await launcher.run('status', ...data)).toMatchObject({ code: 0 });
  expect((await launcher.run('up', ...launcher.flags)).output).toContain('Already running');
  const before = await launcher.state();
  expect(await launcher.run('down', ...data)).toMatchObject({ code: 0 });
  await expectAllGone(before);
  expect(await launcher.run('status', ...data)).toMatchObject({ code: 1 });
  const start = performance.now();
  const again = await launcher.run('up', '--detach', '--tls', ...launcher.flags);
  expect(again).toMatchObject({ code: 0 });
  // For the reader. How long it takes on a machine that does other work is nothing to assert.
  console.log(`up again with the same data, by HTTPS: ${Math.round(performance.now() - start)} ms`);
  const authorization = `Bearer ${token}`;
  const { text } = await askSecurely(launcher, `/api/cb/conversations/${SCOPE}`, {
    headers: { authorization },
  });
  expect((JSON.parse(text) as { items: unknown[] }).items).toHaveLength(1);
  await expectSecureSignIn(launcher, again.output);
  expect(await launcher.run('status', ...data)).toMatchObject({ code: 0 });
});

interface SecureCall {
  readonly headers?: Record<string, string>;
  /** Under which name of this machine. */
  readonly name?: string;
  /** Sent as a form. */
  readonly form?: string;
}

/** Asks as one who trusts the certificate of this stack and nobody else's. */
const askSecurely = async (
  { url, flags }: Launcher,
  path: string,
  { headers = {}, name = 'localhost', form }: SecureCall = {},
): Promise<{ headers: IncomingHttpHeaders; text: string }> => {
  const { port } = new URL(url);
  const ca = await readFile(join(flags.at(-1) ?? '', 'tls', 'development.crt'));
  const host = `${name}:${port}`;
  const formHeaders =
    form === undefined
      ? {}
      : { 'content-type': 'application/x-www-form-urlencoded', origin: `https://${host}` };
  const asked = request({
    host: '127.0.0.1',
    port,
    path,
    method: form === undefined ? 'GET' : 'POST',
    headers: { ...formHeaders, ...headers, host },
    servername: name,
    ca,
    agent: false,
  });
  asked.end(form);
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of answer) text += String(chunk);
  return { headers: answer.headers, text };
};

const expectSecureSignIn = async (launcher: Launcher, output: string): Promise<void> => {
  const link = new URL(/as admin +(https:\/\/localhost:\d+\/\S+)/u.exec(output)?.[1] ?? 'none:');
  const redeemed = await askSecurely(launcher, link.pathname, { form: link.search.slice(1) });
  const [set = ''] = redeemed.headers['set-cookie'] ?? [];
  expect(set).toMatch(/^__Secure-LMTC=[^;]+;.*; Secure/u);
  const cookie = set.split(';', 1)[0] ?? '';
  expect((await askSecurely(launcher, '/profile', { headers: { cookie } })).text).toContain(
    '"username":"admin"',
  );
  // Every port of localhost is of one host for a browser, and others use it, too.
  expect(redeemed.headers['strict-transport-security']).toBeUndefined();
  const elsewhere = await askSecurely(launcher, '/auth/sign-in', { name: hostname().toLowerCase() });
  expect(elsewhere.text).toContain('name="password"');
  expect(elsewhere.text).not.toContain('only over HTTPS');
};

launcherTest(
  'a killed launcher leaves no process, and the next up goes on with the data',
  async ({ launcher }) => {
    expect(await launcher.run('up', '--detach', ...launcher.flags)).toMatchObject({ code: 0 });
    const state = await launcher.state();
    expect(state.processes.map(({ name }) => name)).toEqual([
      'redis',
      'postgres',
      'secrets',
      'exec',
      'chat-ingress',
      'chat-proc',
      'proxylogin',
      'web-proxy',
      'web-ui',
    ]);
    process.kill(state.launcher.pid, 'SIGKILL');
    await expectAllGone(state);
    expect(await launcher.run('up', '--detach', ...launcher.flags)).toMatchObject({ code: 0 });
  },
);

launcherTest('Ctrl-C ends everything in order', async ({ launcher }) => {
  const { child, until, ended } = launcher.start('up', ...launcher.flags);
  await until('Ctrl-C ends everything');
  const state = await launcher.state();
  child.kill('SIGINT');
  const { code, output } = await ended;
  expect(code).toBe(0);
  expect(output).toContain('The data is kept');
  await expectAllGone(state);
});

launcherTest('Ctrl-C while it starts ends what was started', async ({ launcher }) => {
  const { child, until, ended } = launcher.start('up', ...launcher.flags);
  await until('chat-ingress');
  child.kill('SIGINT');
  expect(await ended).toMatchObject({ code: 1 });
  expect(await launcher.run('status', ...launcher.flags.slice(-2))).toMatchObject({ code: 1 });
});

launcherTest('a service that dies is started again and told about', async ({ launcher }) => {
  const { until } = launcher.start('up', ...launcher.flags);
  await until('Ctrl-C ends everything');
  const proxy = (await launcher.state()).processes.find(({ name }) => name === 'web-proxy');
  process.kill(proxy?.identity.pid ?? 0, 'SIGKILL');
  await until('web-proxy died (SIGKILL); starting it again in 0.5 s');
  await until('web-proxy is back');
  expect((await fetch(`${launcher.url}/health/ready`)).status).toBe(200);
});

launcherTest('a port that is taken is named with its flag', async ({ launcher }) => {
  const server = createServer();
  await new Promise<void>((resolve) =>
    server.listen(Number(new URL(launcher.url).port), '127.0.0.1', resolve),
  );
  const { code, output } = await launcher.run('up', ...launcher.flags);
  server.close();
  expect(code).toBe(1);
  expect(output.trim()).toMatch(
    /^port \d+ \(web-proxy\) is taken by another program; choose one with --port N$/,
  );
});

test('what nobody knows is one line', async () => {
  const child = spawn(process.execPath, [PROGRAM, 'upp'], { stdio: ['ignore', 'ignore', 'pipe'] });
  const chunks: string[] = [];
  child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk.toString()));
  const code = await new Promise((resolve) => child.once('close', resolve));
  expect(code).toBe(1);
  expect(chunks.join('').trim().split('\n')).toHaveLength(1);
});
