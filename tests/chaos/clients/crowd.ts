import type { Arena } from '../arena.ts';
import { createRandom } from '../random.ts';
import { createChatClient } from './chat-client.ts';
import type { ChatClient, ClientOptions } from './chat-client.ts';
import type { Recorder } from './recorder.ts';

export interface CrowdOptions {
  readonly count: number;
  readonly seed: string;
  /** Mean time between two acts of one client. */
  readonly pauseMs: number;
  readonly recorder: Recorder;
}

export interface Crowd {
  readonly clients: readonly ChatClient[];
  /** Everybody acts, each at times of its own and whatever the servers do, until the returned function is called. */
  begin(): () => Promise<void>;
  settle(): Promise<void>;
  readEnds(): Promise<void>;
  stop(): Promise<void>;
}

/** Of ten clients one is somebody without a token, two are the second device of another one, and one reads a byte a second. */
const KINDS = ['own', 'own', 'own', 'own', 'own', 'own', 'second', 'second', 'nobody', 'crawler'] as const;
const AT_ONCE = 20;
const MOST_UNDER_WAY = 6;
const ANONYMOUS_COOKIE = '__Secure-SYAN';

const addressOf = (port: number): string => `http://127.0.0.1:${port}`;

/** A cookie and a name for somebody who has none. */
const introduce = async (address: string): Promise<{ user: string; cookie: string }> => {
  const response = await fetch(`${address}/profile`);
  const { fingerprint } = (await response.json()) as { fingerprint: string };
  const cookie = response.headers.getSetCookie().find((each) => each.startsWith(ANONYMOUS_COOKIE));
  if (cookie === undefined) throw new Error('no cookie for somebody without a token');
  return { user: `anonymous-${fingerprint}`, cookie: cookie.split(';')[0] ?? '' };
};

const inGroups = async <T>(
  items: readonly T[],
  size: number,
  run: (item: T) => Promise<void>,
): Promise<void> => {
  for (let at = 0; at < items.length; at += size) await Promise.all(items.slice(at, at + size).map(run));
};

const createOptions = async (arena: Arena, options: CrowdOptions): Promise<ClientOptions[]> => {
  const addresses = arena.fronts.map(({ open }) => addressOf(open.port));
  const crawlAddresses = arena.fronts.map(({ crawl }) => addressOf(crawl.port));
  const made: ClientOptions[] = [];
  let lastOwn: ClientOptions | undefined;
  for (let index = 0; index < options.count; index += 1) {
    const kind = KINDS[index % KINDS.length] ?? 'own';
    const name = `client${index}`;
    const random = createRandom(`${options.seed}/${name}`);
    const base = { name, addresses, random, recorder: options.recorder, isSessionWide: random.isLikely(0.5) };
    if (kind === 'second' && lastOwn !== undefined) {
      const { user, canary, headers } = lastOwn;
      made.push({ ...base, user, canary, headers, isSessionWide: true });
      continue;
    }
    const canary = `canary-${name}x${random.word(8)}`;
    if (kind === 'nobody') {
      const { user, cookie } = await introduce(addresses[index % addresses.length] ?? '');
      made.push({ ...base, user, canary, headers: { cookie } });
      continue;
    }
    const user = `user-${index}`;
    const headers = { authorization: `Bearer ${await arena.token(user)}` };
    const crawl = kind === 'crawler' ? { streamAddresses: crawlAddresses } : {};
    made.push((lastOwn = { ...base, ...crawl, user, canary, headers }));
  }
  return made;
};

/** Everybody's own loop. Acts that wait for an answer do not hold up the next one, up to a bound. */
const keepActing = async (
  client: ChatClient,
  random: ClientOptions['random'],
  pauseMs: number,
  signal: AbortSignal,
): Promise<void> => {
  const underWay = new Set<Promise<void>>();
  while (!signal.aborted) {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, random.gapMs(pauseMs));
    const wake = (): void => resolve();
    signal.addEventListener('abort', wake, { once: true });
    await promise;
    signal.removeEventListener('abort', wake);
    clearTimeout(timer);
    if (signal.aborted || underWay.size >= MOST_UNDER_WAY) continue;
    const act = client.act().finally(() => underWay.delete(act));
    underWay.add(act);
  }
  await Promise.all(underWay);
};

/** Some hundred devices in this process. Resolves when the streams of all of them stand (those that crawl stand later). */
export const gatherCrowd = async (arena: Arena, options: CrowdOptions): Promise<Crowd> => {
  const all = await createOptions(arena, options);
  const clients = all.map((each) => createChatClient(each));
  await inGroups(
    clients.map((client, index) => ({ client, isCrawler: all[index]?.streamAddresses !== undefined })),
    AT_ONCE,
    async ({ client, isCrawler }) => {
      const opened = client.connect();
      if (!isCrawler) await opened;
    },
  );
  const forAll = (run: (client: ChatClient) => Promise<void>) => inGroups(clients, AT_ONCE, run);
  return {
    clients,
    begin: () => {
      const over = new AbortController();
      const acting = clients.map((client, index) =>
        keepActing(client, createRandom(`${options.seed}/pace/${index}`), options.pauseMs, over.signal),
      );
      return async () => {
        over.abort();
        for (const client of clients) client.hush();
        await Promise.all(acting);
      };
    },
    settle: () => forAll((client) => client.settle()),
    readEnds: () => forAll((client) => client.readEnds()),
    stop: async () => void (await Promise.all(clients.map((client) => client.stop()))),
  };
};
