import { randomBytes } from 'node:crypto';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createIdentity } from '@switchyard/identity';
import { Deadline, Scope, createIds, systemClock } from '@switchyard/kernel';
import { TERMINAL_EVENTS, chatEnvelopeSchema, roleNames, submissionSchema } from '@switchyard/protocol';
import type { Ack, ChatEnvelope, EventName, TurnRecord, TurnStatus } from '@switchyard/protocol';
import { connectRedis, createKeys } from '@switchyard/redis';
import { createFiles } from '@switchyard/store';
import type { Files } from '@switchyard/store';
import { createMetrics, silentLog } from '@switchyard/telemetry';
import { platformTest, sharePrograms } from '@switchyard/testkit';
import { createTurns, turnsConfigSchema } from '@switchyard/turns';
import type { Turns } from '@switchyard/turns';
import { vi } from 'vitest';
import { startProc } from '../src/compose.ts';
import type { Proc } from '../src/compose.ts';
import { procConfigSchema } from '../src/env.ts';

const HERE = import.meta.dirname;
export const MASTER_KEY = 'a key for tests that is long enough to be one';

export interface LoggedEvent {
  event: EventName;
  streamId: string;
  turnId: string;
  data: ChatEnvelope;
}

export interface TurnRowView {
  status: TurnStatus;
  fence: string | null;
  attempt: number;
  answer: (TurnRecord & { result?: Record<string, unknown> }) | null;
  answer_text: string | null;
  error: { error: string; error_type: string } | null;
}

export interface ProcRig {
  turns: Turns;
  /** Starts one more worker. `settings` are environment names in camel case. */
  start(settings?: Record<string, string>): Promise<Proc>;
  /** Copies a bundle of the repository or of the test folder to where workers look for bundles. */
  ship(sourceDir: string): Promise<string>;
  /** Writes another version of the test bundle and returns its folder. */
  writeActor(name: string, change?: (text: string) => string): Promise<string>;
  say(
    text: string,
    options?: { conversationId?: string; bundleId?: string; user?: string; kind?: 'steer' },
  ): Promise<Ack>;
  /** Everything in the session's log, oldest first. */
  events(sessionId: string): Promise<LoggedEvent[]>;
  /** Waits for a turn's terminal event and returns what the log says of that turn. */
  ended(ack: Pick<Ack, 'turn_id' | 'session_id'>): Promise<LoggedEvent[]>;
  /** Waits until the answer of a turn contains a text. */
  saysSoon(ack: Pick<Ack, 'turn_id' | 'session_id'>, text: string): Promise<void>;
  row(turnId: string): Promise<TurnRowView>;
  title(conversationId: string): Promise<string | null>;
  token(type: 'registered' | 'privileged'): Promise<string>;
  /** A look into the rows. */
  sql<T extends object>(text: string): Promise<T[]>;
  bundlesDir: string;
  /** Where stored files lie. */
  blobDir: string;
  /** What the store knows of files. */
  files: Files;
  /** The whole environment of a worker as a process. */
  env(stores: { redisUrl: string; databaseUrl: string }): Record<string, string>;
}

export const ACTOR_DIR = path.join(HERE, 'bundles/actor');
export const ASSISTANT_DIR = path.join(HERE, '../../../bundles/assistant');

/** Text of the `answer` marker, joined. */
export function answerOf(events: readonly LoggedEvent[]): string {
  return events.map(({ data }) => (data.delta?.marker === 'answer' ? data.delta.text : '')).join('');
}

function promptOf(text: string) {
  return {
    event_id: `e-${randomBytes(8).toString('hex')}`,
    type: 'event.user.prompt',
    payload: { event: { text } },
  };
}

export function isTerminal({ event }: LoggedEvent): boolean {
  return TERMINAL_EVENTS.has(event);
}

export function terminalOf(events: readonly LoggedEvent[]): LoggedEvent | undefined {
  return events.find(isTerminal);
}

/** A test with real stores and as many workers as it starts, each with its own bundle processes. */
export const procTest = platformTest.extend<{ rig: ProcRig }>({
  rig: async ({ redis, postgres }, use) => {
    const scope = new Scope();
    const root = await mkdtemp(path.join(tmpdir(), 'switchyard-proc-'));
    scope.defer(() => rm(root, { recursive: true, force: true }));
    const at = { tenant: redis.tenant, project: redis.project };
    const bundlesDir = path.join(root, 'bundles');
    await sharePrograms(path.join(root, 'hosts'));
    const clock = systemClock;
    const ids = createIds(clock, randomBytes);
    const keys = createKeys(at);
    const connection = await scope.use(
      connectRedis({ url: redis.url, prefix: redis.prefix, name: 'test', kind: 'commands' }),
      (one) => one.close(),
    );
    const shared = {
      sql: postgres.sql,
      redis: connection,
      keys,
      clock,
      ids,
      log: silentLog,
      metrics: createMetrics({ service: 'test' }),
    };
    const turns = createTurns({ ...shared, scope: at, config: turnsConfigSchema.parse({}) });
    const base = { ...at, databaseUrl: postgres.url, redisUrl: redis.url, switchyardMasterKey: MASTER_KEY };
    const config = (settings: Record<string, string> = {}) =>
      procConfigSchema.parse({
        ...base,
        bundlesDir,
        port: '0',
        logLevel: 'silent',
        docsDir: path.join(HERE, 'docs'),
        bundleStoreDir: path.join(root, 'store'),
        runnerWorkDir: path.join(root, 'hosts'),
        runnerWarmHosts: '0',
        blobDir: path.join(root, 'files'),
        defaultBundle: 'actor',
        runnerSandbox: 'permission',
        slots: '8',
        ...settings,
      });

    const events = async (sessionId: string): Promise<LoggedEvent[]> => {
      const entries = await connection.driver.xrange(keys.events(sessionId), '-', '+');
      return entries.map(([, fields]) => {
        const field = (name: string): string => fields[fields.indexOf(name) + 1] ?? '';
        const data = chatEnvelopeSchema.parse(JSON.parse(field('data')));
        return {
          event: field('event') as EventName,
          streamId: field('stream_id'),
          turnId: field('turn_id'),
          data,
        };
      });
    };
    const ofTurn = async (ack: Pick<Ack, 'turn_id' | 'session_id'>): Promise<LoggedEvent[]> =>
      (await events(ack.session_id)).filter((one) => one.turnId === ack.turn_id);

    await use({
      turns,
      sql: (query) => postgres.sql.query({ text: query }),
      bundlesDir,
      blobDir: path.join(root, 'files'),
      files: createFiles(postgres.sql, at),
      events,
      env: ({ redisUrl, databaseUrl }) => ({
        PATH: process.env['PATH'] ?? '',
        PORT: '0',
        TENANT: at.tenant,
        PROJECT: at.project,
        REDIS_URL: redisUrl,
        DATABASE_URL: databaseUrl,
        SWITCHYARD_MASTER_KEY: MASTER_KEY,
        BUNDLES_DIR: bundlesDir,
        BUNDLE_STORE_DIR: path.join(root, 'store'),
        RUNNER_WORK_DIR: path.join(root, 'hosts'),
        BLOB_DIR: path.join(root, 'files'),
        DOCS_DIR: path.join(HERE, 'docs'),
        DEFAULT_BUNDLE: 'actor',
      }),
      async start(settings) {
        const proc = await startProc(config(settings));
        scope.defer(() => proc.stop(Deadline.in(10_000)));
        return proc;
      },
      async ship(sourceDir) {
        const dir = path.join(bundlesDir, path.basename(sourceDir));
        await cp(sourceDir, dir, { recursive: true });
        return dir;
      },
      async writeActor(name, change = (text) => text) {
        const dir = path.join(bundlesDir, 'actor');
        await cp(ACTOR_DIR, dir, { recursive: true });
        const text = await readFile(path.join(ACTOR_DIR, 'bundle.ts'), 'utf8');
        await writeFile(path.join(dir, 'bundle.ts'), change(text.replace("'first'", `'${name}'`)));
        return dir;
      },
      async say(text, { conversationId, bundleId = 'actor', user = 'ada', kind } = {}) {
        const accepted = await turns.accept({
          identity: { userId: user, username: user, userType: 'paid', sessionId: `S-${user}`, roles: [] },
          conversationId,
          bundleId,
          kind: kind ?? 'message',
          text,
          submission: submissionSchema.parse({ external_events: [promptOf(text)] }),
          attachments: [],
          streamId: 'stream-1',
          requestId: ids.request(),
        });
        return accepted.ack;
      },
      async ended(ack) {
        await vi.waitFor(
          async () => {
            const found = await ofTurn(ack);
            if (!found.some(isTerminal)) throw new Error(`turn goes on: ${answerOf(found)}`);
          },
          { timeout: 60_000, interval: 20 },
        );
        return ofTurn(ack);
      },
      async saysSoon(ack, text) {
        await vi.waitFor(
          async () => {
            const said = answerOf(await ofTurn(ack));
            if (!said.includes(text)) throw new Error(`so far: ${said}`);
          },
          { timeout: 60_000, interval: 10 },
        );
      },
      async row(turnId) {
        const text = 'select status, fence, attempt, answer, answer_text, error from turn where turn_id = $1';
        const [row] = await postgres.sql.query<TurnRowView>({ text, values: [turnId] });
        if (row === undefined) throw new Error(`no row of ${turnId}`);
        return row;
      },
      async title(conversationId) {
        const text = 'select title from conversation where conversation_id = $1';
        return (
          (await postgres.sql.query<{ title: string | null }>({ text, values: [conversationId] }))[0]
            ?.title ?? null
        );
      },
      async token(type) {
        const identity = createIdentity({ ...shared, config: config() });
        const role = type === 'privileged' ? roleNames().admin : roleNames().registered;
        return identity.issueToken({ userId: `${type}-user`, username: type, roles: [role] });
      },
    });
    await scope.close();
  },
});
