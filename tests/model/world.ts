import { createHash } from 'node:crypto';
import { createKeys } from '@switchyard/redis';
import type { Keys, RedisConnection, ScriptLibrary } from '@switchyard/redis';
import { PlatformError } from '@switchyard/kernel';
import type { Clock, Ids } from '@switchyard/kernel';
import type { TenantProject } from '@switchyard/protocol';
import type { Sql } from '@switchyard/store';
import type { Log } from '@switchyard/telemetry';
import { createThread } from './gates.ts';
import type { Thread } from './gates.ts';
import { createLook, readRows } from './look.ts';
import type { EventView, RedisView, RowView } from './look.ts';
import type { FaultName, Scenario } from './scenarios.ts';
import type { Order } from './reorder.ts';

/** What all schedules of a run share. */
export interface Bench {
  readonly connection: RedisConnection;
  readonly sql: Sql;
  readonly tenant: string;
  /** The real scripts, or a copy in which one rule is missing. */
  readonly library: ScriptLibrary;
  /** Calls in another order than the rules say; undefined: as they are. */
  readonly order?: Order | undefined;
}

/** A clock that stands still until the scheduler says that its process was away. */
export interface OwnClock extends Clock {
  pass(ms: number): void;
}

export interface FirstLine {
  readonly turn: string;
  readonly thread: string;
}

/** One schedule's scope, stores, threads and what was seen of them. */
export interface World {
  readonly bench: Bench;
  readonly scenario: Scenario;
  readonly scope: TenantProject;
  readonly keys: Keys;
  /** The server that answers; a fault replaces it. */
  readonly connection: RedisConnection;
  readonly threads: Thread[];
  redis: RedisView;
  rows: readonly RowView[];
  /** Of this epoch and of all. */
  events: EventView[];
  readonly allEvents: EventView[];
  readonly firstLines: FirstLine[];
  /** First lines and taken items, in order. */
  readonly consumed: string[];
  /** thread -> turn whose bundle code it runs. */
  readonly inBundle: Map<string, string>;
  /** message -> what makes its client stop waiting; only while it waits. */
  readonly impatience: Map<string, () => void>;
  /** Advisory locks: who holds them, and what tells him that his connection broke. */
  readonly locks: Map<string, { thread: Thread; lose: () => void }>;
  /** worker -> what tells it to stop, and what ends the time of its running turn. */
  readonly drains: Map<string, { begin: () => void; end: () => void }>;
  /** What Redis held after each of the last scripts, oldest first: names of copies. */
  readonly copies: { readonly key: string; readonly view: string }[];
  copySerial: number;
  redisSerial: number;
  /** Somebody waits before asking a store again. */
  isPausing: boolean;
  /** False: a log was lost or cut back. */
  isLogWhole: boolean;
  readonly draining: Set<string>;
  /** Those that see to a rebuild. */
  readonly keepers: { readonly thread: Thread; isWorking: boolean }[];
  /** Replacements still to come. */
  replacementsLeft: number;
  /** message -> its turn and how it was answered. */
  readonly answers: Map<string, { turn: string; status: string }>;
  readonly left: Record<FaultName, number>;
  faultsUsed: number;
  /** Away for longer than a lease: by default they go on when nobody else has anything to do. */
  readonly stalled: Set<string>;
  /** Popped, not adopted. */
  readonly popped: Map<string, string>;
  /** Who holds what by its own belief: fence -> still believed. */
  readonly holders: Map<string, { thread: Thread; isHeld: () => boolean; giveUp: () => void }>;
  readonly violations: string[];
  thread(name: string): Thread;
  say(violation: string): void;
  isOwn(): boolean;
  /** Looks at what a step may have changed. */
  refresh(what: 'redis' | 'rows'): Promise<void>;
  look: ReturnType<typeof createLook>;
  setRunId(runId: string): void;
  readonly closers: (() => unknown)[];
  readonly log: Log;
}

export const RUN_ID = 'redis-1';
export const LEASE_MS = 100_000;
const NOW_MS = Date.UTC(2026, 0, 5, 10);

export function createClock(): OwnClock {
  let ms = 0;
  return { now: () => NOW_MS + ms, monotonic: () => ms, pass: (more) => void (ms += more) };
}

/** Every id is its message's name, so that traces can be read and schedules repeat. */
export function createNames(message: string, attempt: number): Ids {
  const suffix = attempt === 1 ? '' : `.${attempt}`;
  const name = (kind: string) => () => `${kind}${message}${suffix}`;
  return {
    turn: name(''),
    conversation: name('c'),
    request: name('r'),
    stream: name('s'),
    token: () => `${message}${suffix}`,
  };
}

const NO_FAULTS: Record<FaultName, number> = {
  crashW: 0,
  crashR: 0,
  crashI: 0,
  crashC: 0,
  crashRC: 0,
  crashRB: 0,
  crashHost: 0,
  stall: 0,
  drain: 0,
  drainLimit: 0,
  resend: 0,
  refused: 0,
  lost: 0,
  lostClaim: 0,
  away: 0,
  unknown: 0,
  outage: 0,
  outageAfter: 0,
  restart: 0,
  wipe: 0,
  older: 0,
  lockLost: 0,
  power: 0,
};

export async function createWorld(bench: Bench, scenario: Scenario, name: string): Promise<World> {
  const scope = { tenant: bench.tenant, project: name };
  const keys = createKeys(scope);
  const real = bench.connection;
  let runId = RUN_ID;
  const connection: RedisConnection = {
    ...real,
    driver: real.driver,
    runId: () => runId,
    isReady: real.isReady,
  };
  const look = createLook(real, keys);
  const threads: Thread[] = [];
  await real.driver
    .pipeline()
    .hset(keys.epoch(), { n: '7', run_id: RUN_ID })
    .zadd(keys.workers(), 1, 'w')
    .hset(keys.worker('w'), { slots: '16', draining: '0' })
    .exec();
  const world: World = {
    bench,
    scenario,
    scope,
    keys,
    connection,
    threads,
    look,
    redis: (await look.redis()).view,
    rows: [],
    events: [],
    allEvents: [],
    firstLines: [],
    consumed: [],
    inBundle: new Map(),
    answers: new Map(),
    impatience: new Map(),
    locks: new Map(),
    drains: new Map(),
    copies: [],
    copySerial: 0,
    redisSerial: 1,
    isPausing: false,
    isLogWhole: true,
    draining: new Set(),
    keepers: [],
    replacementsLeft: scenario.replacements ?? 0,
    left: { ...NO_FAULTS, ...scenario.faults },
    faultsUsed: 0,
    stalled: new Set(),
    popped: new Map(),
    holders: new Map(),
    violations: [],
    closers: [],
    log: createRecorder((line) => world.violations.push(`DEFECT: ${line}`)),
    thread: (own) => {
      const found = threads.find((thread) => thread.name === own);
      if (found !== undefined) return found;
      const thread = createThread(own);
      threads.push(thread);
      return thread;
    },
    say: (violation) => void world.violations.push(violation),
    isOwn: () => world.redis.owner === runId,
    setRunId: (next) => void (runId = next),
    refresh: async (what) => {
      if (what === 'rows') {
        world.rows = await readRows(bench.sql, scope);
        return;
      }
      const { view, events } = await look.redis();
      world.redis = view;
      world.events.push(...events);
      world.allEvents.push(...events);
    },
  };
  return world;
}

/** Errors of the parts are defects of theirs, unless they say that a store is away. */
function createRecorder(record: (line: string) => void): Log {
  const log: Log = {
    debug: () => undefined,
    info: () => undefined,
    warn: () => undefined,
    error: (message, fields) => {
      const error = fields?.['error'];
      if (error instanceof PlatformError && error.code === 'UNAVAILABLE') return;
      if (error instanceof Error && error.message === 'the advisory lock was lost') return;
      record(`${message}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    },
    child: () => log,
  };
  return log;
}

/** The whole state in few bytes: stores, threads with what they know, and what was seen. */
export function fingerprint(world: World, current: string): string {
  const { redis, rows, threads } = world;
  const tasks = Object.entries(redis.tasks).map(([id, task]) => [
    id,
    { ...task, unleasedSince: task.unleasedSince.length },
  ]);
  const markers = Object.keys(redis.markers);
  const seen = [
    world.firstLines,
    world.consumed,
    [...world.answers],
    world.allEvents.map((e) => [e.event, e.turn]),
  ];
  const state = [
    { ...redis, tasks, markers },
    rows,
    threads.map((thread) => [thread.name, thread.gate?.label, thread.isDead, thread.history]),
    [...world.popped],
    [...world.stalled],
    [...world.holders].map(([fence, holder]) => [fence, holder.isHeld()]),
    [...world.locks].map(([key, { thread }]) => [key, thread.name]),
    threads.map((thread) => thread.awayLeft),
    world.left.older > 0 ? world.copies.map(({ view }) => view) : [],
    world.left,
    seen,
    current,
  ];
  return createHash('sha1').update(JSON.stringify(state)).digest('base64');
}
