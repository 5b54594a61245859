import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { askHost, createStackTest } from '@switchyard/testkit';
import type { StackFixture } from '@switchyard/testkit';
import { expect } from 'vitest';
import { openCommandLine } from '../src/command-line.ts';
import type { CommandLine } from '../src/command-line.ts';

const stackTest = createStackTest({ isPageless: true });

/** A person who signed in as admin. */
const signIn = async (stack: StackFixture): Promise<CommandLine> => {
  const line = await openCommandLine();
  const input = `${await stack.token({ user: 'ada', type: 'privileged' })}\n`;
  expect(await line.run(['login', stack.url], { input })).toMatchObject({ code: 0 });
  return line;
};

const MINUTE_MS = 60_000;
/** A dozen commands, each a start of Node, on a machine that is busy with other things. */
const MANY_COMMANDS = { timeout: 5 * MINUTE_MS };

stackTest('from a new bundle to a streamed answer', MANY_COMMANDS, async ({ stack }) => {
  const token = await stack.token({ user: 'ada', type: 'privileged' });
  await using line = await openCommandLine();
  const signed = await line.run(['login', stack.url], { input: `${token}\n` });
  expect(signed).toMatchObject({ code: 0, stdout: expect.stringContaining('as ada (privileged)') });
  const start = performance.now();
  expect((await line.run(['bundle', 'new', 'parrot'])).code).toBe(0);
  const pushed = await line.run(['bundle', 'push'], { cwd: 'parrot' });
  expect(pushed).toMatchObject({ code: 0, stdout: expect.stringMatching(/parrot__\S+ serves now/u) });
  const answer = await line.run(['chat', 'one', 'two', '--bundle', 'parrot']);
  const ms = performance.now() - start;
  expect(answer).toMatchObject({ code: 0, stdout: 'You said: one two\n' });
  console.log(`from \`switchyard bundle new\` to an answer, three commands: ${Math.round(ms)} ms`);

  const events = await line.json(['chat', 'again', '--bundle', 'parrot']);
  expect(events.map(({ event }) => event)).toEqual(
    expect.arrayContaining(['ready', 'chat_start', 'chat_delta', 'chat_complete']),
  );
  const profiles = join(line.home, '.config', 'switchyard', 'profiles.json');
  expect((await stat(profiles)).mode & 0o777).toBe(0o600);
  expect(await readFile(profiles, 'utf8')).toContain(token);
});

stackTest('a change of a watched bundle answers the next message', MANY_COMMANDS, async ({ stack }) => {
  await using line = await signIn(stack);
  await line.run(['bundle', 'new', 'mirror']);
  const watching = line.start(['bundle', 'watch', 'mirror', '--json']);
  await watching.until('"status":"ok"');
  const file = join(line.folder, 'mirror', 'bundle.ts');
  const code = await readFile(file, 'utf8');

  const start = performance.now();
  await writeFile(file, code.replace('You said:', 'I heard:'));
  await watching.until('"status":"ok"', 2);
  const ms = performance.now() - start;
  expect((await line.run(['chat', 'hey', '-b', 'mirror'])).stdout).toBe('I heard: hey\n');
  console.log(`from a saved file to the version that serves: ${Math.round(ms)} ms`);

  await writeFile(file, 'this is no program');
  await watching.until('"status":"error"');
  expect((await line.run(['chat', 'hey', '-b', 'mirror'])).stdout).toBe('I heard: hey\n');

  watching.interrupt();
  expect(await watching.ended).toMatchObject({ code: 0, stderr: '' });
});

stackTest('versions are listed, rolled back and removed', async ({ stack }) => {
  await using line = await signIn(stack);
  await line.run(['bundle', 'new', 'clock']);
  const file = join(line.folder, 'clock', 'bundle.ts');
  const code = await readFile(file, 'utf8');
  const [first] = await line.json(['bundle', 'push', 'clock']);
  expect(await line.json(['bundle', 'push', 'clock'])).toMatchObject([
    { status: 'unchanged', version: first?.['version'] },
  ]);
  await writeFile(file, code.replace('You said:', 'It is late,'));
  const [second] = await line.json(['bundle', 'push', 'clock']);
  await writeFile(file, 'throw new Error("out of order")');
  const broken = await line.run(['bundle', 'push', 'clock']);
  expect(broken).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('out of order') });
  expect(broken.stderr).not.toContain('    at ');

  const [list] = await line.json(['bundle', 'versions', 'clock']);
  expect(list).toMatchObject({ active_version: second?.['version'], versions: { length: 3 } });
  expect((await line.run(['bundle', 'rollback', 'clock'])).stdout).toContain(
    `${String(first?.['version'])} serves`,
  );
  expect((await line.run(['chat', 'hey', '-b', 'clock'])).stdout).toBe('You said: hey\n');
  expect((await line.run(['bundle', 'list'])).stdout).toMatch(/^clock +clock__/mu);

  expect((await line.run(['bundle', 'remove', 'clock'])).code).toBe(2);
  expect((await line.run(['bundle', 'remove', 'clock', '--yes'])).code).toBe(0);
  const gone = await line.run(['bundle', 'versions', 'clock', '--json']);
  expect(gone.code).toBe(1);
  expect(JSON.parse(gone.stdout)).toMatchObject({ status: 'error', http_status: 404 });
});

const lookAt = (stack: StackFixture, host: string, path = '/') =>
  askHost(stack.ports.sites, `${host}.localhost:${stack.ports.sites}`, path);

/** A line whose `dist` has these files. */
const signInWith = async (stack: StackFixture, files: Record<string, string>): Promise<CommandLine> => {
  const line = await signIn(stack);
  for (const [name, text] of Object.entries(files)) {
    await mkdir(join(line.folder, 'dist', name, '..'), { recursive: true });
    await writeFile(join(line.folder, 'dist', name), text);
  }
  return line;
};

stackTest(
  'a folder becomes a site, is looked at before it serves, and goes back',
  MANY_COMMANDS,
  async ({ stack }) => {
    await using line = await signInWith(stack, {
      'index.html': '<h1>one</h1>',
      'docs/guide.html': 'guide',
      '.env': 'SECRET=1',
      '.well-known/security.txt': 'mail us',
    });
    const [first] = await line.json(['site', 'deploy', './dist', '--site', 'blog']);
    const url = `http://blog.localhost:${stack.ports.sites}/`;
    expect(first).toMatchObject({ site: 'blog', is_active: true, files: 3, site_url: url });
    expect((await lookAt(stack, 'blog')).text).toBe('<h1>one</h1>');
    expect((await lookAt(stack, 'blog', '/docs/guide')).text).toBe('guide');
    expect((await lookAt(stack, 'blog', '/.env')).status).toBe(404);
    const shared = await fetch(`${stack.url}/sites/blog/`);
    expect([await shared.text(), shared.headers.get('content-security-policy')]).toEqual([
      '<h1>one</h1>',
      expect.stringContaining('sandbox'),
    ]);

    await writeFile(join(line.folder, 'dist', 'index.html'), '<h1>two</h1>');
    await writeFile(join(line.folder, 'dist', '_redirects'), '/old /new 299');
    const preview = await line.run(['site', 'deploy', 'dist', '-s', 'blog', '--preview']);
    expect(preview).toMatchObject({ code: 0, stdout: expect.stringContaining('! _redirects:1:') });
    const id = /preview +http:\/\/(\S+)--blog\.localhost:/u.exec(preview.stdout)?.[1] ?? '';
    expect((await lookAt(stack, `${id}--blog`)).text).toBe('<h1>two</h1>');
    expect((await lookAt(stack, 'blog')).text).toBe('<h1>one</h1>');
    const serves = async (text: string) => {
      while ((await lookAt(stack, 'blog')).text !== text) await sleep(20);
    };
    expect((await line.run(['site', 'rollback', 'blog', id])).stdout).toContain(`${id} serves`);
    await serves('<h1>two</h1>');
    expect(await line.json(['site', 'rollback', 'blog'])).toMatchObject([{ id: first?.['id'] }]);
    await serves('<h1>one</h1>');
    expect((await line.run(['site', 'deploys', 'blog'])).stdout).toMatch(
      new RegExp(`^\\* +${String(first?.['id'])} .*ada`, 'mu'),
    );
  },
);

stackTest(
  'requests of a site are shown and followed, and a site is removed',
  MANY_COMMANDS,
  async ({ stack }) => {
    await using line = await signInWith(stack, { 'index.html': 'news' });
    await line.json(['site', 'deploy', 'dist', '--site', 'news']);
    await lookAt(stack, 'news', '/');
    const following = line.start(['site', 'logs', 'news', '--follow', '--json']);
    await following.until('"path":"/"');
    await lookAt(stack, 'news', '/new-one?token=secret');
    await following.until('"path":"/new-one"');
    following.interrupt();
    expect(await following.ended).toMatchObject({ code: 0, stdout: expect.not.stringContaining('secret') });

    expect((await line.run(['site', 'list'])).stdout).toMatch(
      /^news +\S+ +public +http:\/\/news\.localhost/mu,
    );
    expect((await line.run(['site', 'deploy', 'dist'])).code).toBe(2);
    expect((await line.run(['site', 'deploy', 'dist', '--site', 'No Name'])).code).toBe(1);
    expect((await line.run(['site', 'remove', 'news', '--yes'])).code).toBe(0);
    expect((await line.run(['site', 'rollback', 'news'])).code).toBe(1);
  },
);

stackTest('operations are listed and called', async ({ stack }) => {
  await using line = await signIn(stack);
  await line.run(['bundle', 'new', 'desk', '--template', 'operations']);
  await line.run(['bundle', 'push', 'desk']);
  expect((await line.run(['ops', 'list', 'desk'])).stdout).toMatch(/^greet +POST +Greets somebody/mu);
  expect(await line.json(['ops', 'call', 'desk', 'greet', 'name=Ada'])).toEqual([{ text: 'Hello, Ada!' }]);
  expect(await line.json(['ops', 'call', 'desk', 'count', 'text=one two'])).toEqual([{ words: 2 }]);
  const input = '{"name":"Grace"}';
  expect(await line.json(['ops', 'call', 'desk', 'greet', '-d', '-'], { input })).toEqual([
    { text: 'Hello, Grace!' },
  ]);
  const refused = await line.run(['ops', 'call', 'desk', 'greet', 'name=3']);
  expect(refused).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('name') });
  expect((await line.run(['ops', 'call', 'desk', 'nothing'])).code).toBe(1);
});

stackTest('a call over its own time limit failed: the server was there', async ({ stack }) => {
  await using line = await signIn(stack);
  await line.run(['bundle', 'new', 'sloth', '--template', 'operations']);
  const code = `import { defineBundle, operation } from '@switchyard/bundle-sdk';
    const nap = operation({ timeoutMs: 300, run: () => new Promise(() => undefined) });
    export default defineBundle({ id: 'sloth', name: 'Sloth', operations: { nap } });`;
  await writeFile(join(line.folder, 'sloth', 'bundle.ts'), code);
  await line.run(['bundle', 'push', 'sloth']);
  const late = await line.run(['ops', 'call', 'sloth', 'nap']);
  expect(late).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('(timeout)') });
});

stackTest('settings and secrets are changed, and a secret is never read', async ({ stack }) => {
  await using line = await signIn(stack);
  await line.run(['bundle', 'new', 'club', '--template', 'operations']);
  const file = join(line.folder, 'club', 'bundle.ts');
  await writeFile(
    file,
    (await readFile(file, 'utf8')).replace('  props,\n', "  props,\n  secrets: ['DOOR_CODE'],\n"),
  );
  await line.run(['bundle', 'push', 'club']);

  expect(await line.run(['props', 'get', 'club'])).toMatchObject({ code: 0, stdout: 'greeting  "Hello"\n' });
  const set = await line.run(['props', 'set', 'club', 'greeting=Good day']);
  expect(set).toMatchObject({ code: 0, stdout: 'greeting  "Good day"  (set)\n' });
  expect(await line.json(['ops', 'call', 'club', 'greet', 'name=Ada'])).toEqual([{ text: 'Good day, Ada!' }]);
  expect(await line.run(['props', 'set', 'club', 'greeting=3'])).toMatchObject({ code: 1, stdout: '' });
  expect((await line.run(['props', 'reset', 'club'])).stdout).toBe('greeting  "Hello"\n');

  expect((await line.run(['secrets', 'list', 'club'])).stdout).toBe('DOOR_CODE  missing\n');
  const kept = await line.run(['secrets', 'set', 'club', 'DOOR_CODE'], { input: 'open sesame\n' });
  expect(kept).toMatchObject({ code: 0 });
  const listed = await line.run(['secrets', 'list', 'club', '--json']);
  expect(JSON.parse(listed.stdout)).toMatchObject({ secrets: [{ name: 'DOOR_CODE', is_set: true }] });
  expect(`${kept.stdout}${kept.stderr}${listed.stdout}`).not.toContain('sesame');
  expect((await line.run(['secrets', 'rm', 'club', 'DOOR_CODE'])).code).toBe(0);
  expect((await line.run(['secrets', 'list', 'club'])).stdout).toBe('DOOR_CODE  missing\n');
  expect((await line.run(['secrets', 'set', 'club', 'OTHER'], { input: 'x' })).code).toBe(1);
});

stackTest('what a bundle wrote is shown, and followed', async ({ stack }) => {
  await using line = await signIn(stack);
  await line.run(['bundle', 'new', 'diary']);
  const file = join(line.folder, 'diary', 'bundle.ts');
  const code = await readFile(file, 'utf8');
  await writeFile(
    file,
    code.replace(
      "await turn.step('answer'",
      "console.log(`dear ${turn.message}`);\n    await turn.step('answer'",
    ),
  );
  await line.run(['bundle', 'push', 'diary']);
  await line.run(['chat', 'monday', '-b', 'diary']);
  expect((await line.run(['bundle', 'logs', 'diary'])).stdout).toContain('dear monday');

  const following = line.start(['bundle', 'logs', 'diary', '--follow', '--json']);
  await following.until('dear monday');
  await line.run(['chat', 'tuesday', '-b', 'diary']);
  await following.until('dear tuesday');
  following.interrupt();
  const end = await following.ended;
  expect(end).toMatchObject({ code: 0, stderr: '' });
  for (const text of end.stdout.trim().split('\n')) expect(JSON.parse(text)).toHaveProperty('level');
});

stackTest('the template of a widget is served as it is', async ({ stack }) => {
  await using line = await signIn(stack);
  await line.run(['bundle', 'new', 'board', '--template', 'widget']);
  expect(await line.run(['bundle', 'push', 'board'])).toMatchObject({ code: 0 });
  expect(await line.json(['ops', 'call', 'board', 'press'])).toEqual([{ count: 1 }]);
  expect(await line.json(['ops', 'call', 'board', 'read'])).toEqual([{ count: 1 }]);
  expect((await line.run(['chat', 'how often?', '-b', 'board'])).stdout).toBe('Pressed so far: 1.\n');
});

stackTest('Ctrl-C stops an answer on the server', async ({ stack }) => {
  await using line = await signIn(stack);
  const counting = line.start(['chat', 'count to 1000', '--bundle', 'hello', '--json']);
  await counting.until('chat_delta', 2);
  counting.interrupt();
  const end = await counting.ended;
  expect(end).toMatchObject({ code: 130, stdout: expect.stringContaining('"error_type":"cancelled"') });
});

stackTest('exit codes tell refused, wrong use and not reachable apart', async ({ stack }) => {
  await using line = await openCommandLine();
  const at = (url: string, token = '') => ({ env: { SWITCHYARD_URL: url, SWITCHYARD_TOKEN: token } });
  expect(await line.run(['bundle', 'list'])).toMatchObject({ code: 2, stdout: '' });
  expect(await line.run(['bundle', 'list', '--no-such'], at(stack.url))).toMatchObject({ code: 2 });
  const user = await stack.token({ user: 'grace' });
  expect(await line.run(['bundle', 'list'], at(stack.url, user))).toMatchObject({ code: 1 });
  expect(await line.run(['whoami'], at(stack.url, 'nonsense'))).toMatchObject({ code: 1 });
  const lost = await line.run(['bundle', 'list'], at('http://127.0.0.1:9', user));
  expect(lost).toMatchObject({ code: 3, stderr: '✗ http://127.0.0.1:9 cannot be reached.\n' });
});

stackTest('who changed what is told, narrowed and page by page', async ({ stack }) => {
  await using line = await signIn(stack);
  await line.run(['bundle', 'new', 'ledger']);
  await line.json(['bundle', 'push', 'ledger']);
  for (const word of ['rollback', 'rollback', 'rollback']) await line.run(['bundle', word, 'ledger', 'none']);
  const all = await line.json(['audit', '--actor', 'ada', '--target', 'ledger', '--limit', '3']);
  expect(all).toMatchObject(
    Array.from({ length: 3 }, () => ({ action: 'bundle.rollback', outcome: 'refused' })),
  );
  expect(
    await line.json(['audit', '--action', 'bundle.up*', '--outcome', 'done', '--target', 'ledger']),
  ).toHaveLength(1);
  const shown = await line.run(['audit', '--limit', '1']);
  expect(shown.stdout).toMatch(/^\S+Z\s+ada\s+bundle\.rollback\s+ledger\s+refused/u);
  expect((await line.run(['audit', '--limit', 'many'])).code).toBe(2);
});

stackTest(
  'secrets lie sealed in a file, are pushed from it, and are there after a restart',
  async ({ stack }) => {
    await using line = await signIn(stack);
    await line.run(['bundle', 'new', 'safe', '--template', 'operations']);
    const file = join(line.folder, 'safe', 'bundle.ts');
    const code = await readFile(file, 'utf8');
    await writeFile(file, code.replace('  props,\n', "  props,\n  secrets: ['SAFE_CODE'],\n"));
    await line.run(['bundle', 'push', 'safe']);
    const isSet = async (): Promise<unknown> => {
      const authorization = `Bearer ${await stack.token({ user: 'ada', type: 'privileged' })}`;
      const answer = await fetch(`${stack.url}/admin/integrations/bundles/safe/secrets`, {
        headers: { authorization },
      });
      return ((await answer.json()) as { secrets: { is_set: boolean }[] }).secrets[0]?.is_set;
    };
    expect(await isSet()).toBe(false);
    // The file that the stack itself fills in at its start, under the passphrase that it made.
    const key = ['--key-file', stack.sealedKeyFile];
    const set = ['secrets', 'set', 'safe', 'SAFE_CODE', '--file', stack.sealedFile, ...key];
    expect((await line.run(set, { input: 'swordfish' })).code).toBe(0);
    expect(await isSet()).toBe(false);
    const pushed = await line.run(['secrets', 'push', stack.sealedFile, ...key]);
    expect(pushed).toMatchObject({ code: 0, stdout: '✓ safe: SAFE_CODE\n' });
    expect(await isSet()).toBe(true);
    const restart = async (): Promise<void> => {
      await stack.service('secrets').kill();
      await stack.service('secrets').start();
    };
    await restart();
    expect(await isSet()).toBe(true);
    // Taken out of the file it is still at the server; taken out of both, a restart brings nothing back.
    const remove = ['secrets', 'rm', 'safe', 'SAFE_CODE'];
    const inFile = ['--file', stack.sealedFile, ...key];
    const removed = { code: 0, stdout: '✓ SAFE_CODE is removed\n' };
    expect(await line.run([...remove, ...inFile])).toMatchObject(removed);
    expect(await line.json(['secrets', 'list', 'safe', ...inFile])).toEqual([{ secrets: [] }]);
    expect(await isSet()).toBe(true);
    expect(await line.run(remove)).toMatchObject(removed);
    expect(await isSet()).toBe(false);
    expect(await line.run(remove)).toMatchObject(removed);
    await restart();
    expect(await isSet()).toBe(false);
    expect((await line.run(['secrets', 'rm', 'nobody', 'SAFE_CODE'])).code).toBe(1);
  },
  300_000,
);
