import { chmod, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { PORT_NAMES, freePort, issueAccessToken, openDataFolder, startStack } from '@switchyard/devstack';
import type { ServicePorts } from '@switchyard/devstack';
import type { MeteredProcess } from '../src/cpu-meter.ts';
import type { Side } from './measure.ts';

const ROOT = path.join(import.meta.dirname, '..', '..');

/**
 * Starts our stack on its own Redis (append-only everysec) and Postgres, everything on: token check, rate limits, durable
 * rows, event log, fencing, isolated host. The load goes to chat-ingress itself, as the peer has no proxy either.
 */
export async function startOurs(options: { users: number }): Promise<{
  side: Side;
  /** Redis and Postgres, on which the peers run too. */
  servers: readonly MeteredProcess[];
  redisUrl: string;
  databaseUrl: string;
  stop(): Promise<void>;
}> {
  const dir = await mkdtemp(path.join(os.tmpdir(), 'switchyard-bench-'));
  await chmod(dir, 0o755); // so that the database's account can pass and its data lies here, removed with the rest
  const data = await openDataFolder(path.join(dir, 'data'));
  const ports = Object.fromEntries(
    await Promise.all(PORT_NAMES.map(async (name) => [name, await freePort()])),
  ) as ServicePorts;
  const stack = await startStack({
    root: ROOT,
    data,
    ports,
    path: process.env['PATH'] ?? '',
    services: ['secrets', 'chat-ingress', 'chat-proc'],
    bundlesDir: path.join(import.meta.dirname, 'bundles'),
    isRestarted: false,
    nodeEnv: 'production',
    logLevel: 'warn',
    // Only what a load from few users would run into; all checks stay on.
    userEnv: { RATE_PRIVILEGED: '100000/1m', RATE_ADDRESS: '100000/1m', DEFAULT_BUNDLE: 'ten-words' },
    onLine: (source, line) => process.stderr.write(`${source}: ${line}\n`),
    onStep: () => () => undefined,
  });
  const base = `http://127.0.0.1:${ports['chat-ingress']}`;
  const users = await Promise.all(
    Array.from({ length: options.users }, async (_none, index) => {
      const token = await issueAccessToken(stack.settings, { user: `bench-${index}`, type: 'privileged' });
      const headers = { authorization: `Bearer ${token}` };
      return {
        streamUrl: `${base}/sse/stream?stream_id=s${index}`,
        postUrl: `${base}/sse/chat?stream_id=s${index}`,
        headers,
      };
    }),
  );
  const metered = (...names: string[]): MeteredProcess[] =>
    stack
      .processes()
      .filter(({ name }) => names.includes(name))
      .map(({ name, identity }) => ({
        name,
        pid: identity.pid,
        ...(name === 'chat-proc' ? { childrenName: 'hosts' } : {}),
      }));
  return {
    servers: metered('redis', 'postgres'),
    redisUrl: stack.settings.redisUrl,
    databaseUrl: stack.settings.databaseUrl,
    side: {
      name: 'switchyard',
      processes: metered('secrets', 'chat-ingress', 'chat-proc'),
      users,
      body: (id) => ({
        bundle_id: 'ten-words',
        external_events: [
          {
            event_id: id,
            type: 'event.user.prompt',
            payload: { mime: 'text/plain', event: { text: 'hello' } },
          },
        ],
      }),
      conversationOf: (_id, answer) => (JSON.parse(answer) as { conversation_id: string }).conversation_id,
    },
    async stop() {
      await stack.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
