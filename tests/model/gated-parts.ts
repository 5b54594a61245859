import { PlatformError } from '@switchyard/kernel';
import type { TenantProject } from '@switchyard/protocol';
import type { RedisConnection } from '@switchyard/redis';
import type { Sql, Statement } from '@switchyard/store';
import { step } from './gates.ts';
import type { Mishap, Thread } from './gates.ts';
import { idsOf } from './look.ts';
import { bindTurnScripts, createTurnRows, ScriptResult } from './turns-parts.ts';
import type { TurnRows, TurnScripts } from './turns-parts.ts';
import type { World } from './world.ts';

type Run = (...args: unknown[]) => Promise<unknown>;
type Args = Readonly<Record<string, unknown>>;

/** Scripts that hand something out are not asked again when their reply is lost. */
const ONCE: ReadonlySet<string> = new Set(['claim', 'adopt', 'reap']);
/** Statements that their caller asks again when the reply is lost. */
const ASKED_AGAIN: ReadonlySet<string> = new Set(['insert', 'start', 'end']);

const codeName = (code: unknown): string =>
  Object.entries(ScriptResult).find(([, value]) => value === code)?.[0] ?? String(code);

const wordsOf = (answer: unknown): string => {
  if (Array.isArray(answer)) return answer.length === 0 ? 'none' : answer.map(wordsOf).join(' ');
  if (answer === undefined || answer === null) return 'none';
  if (typeof answer !== 'object') return JSON.stringify(answer).replaceAll('"', '');
  const { code, tasks, task, suspects, turn_id, status, fence, item, promotedTaskId, startedFence, taskId } =
    answer as Args;
  const parts = [
    code === undefined ? undefined : codeName(code),
    turn_id,
    status,
    taskId,
    fence,
    typeof startedFence === 'string' && startedFence !== '' ? 'started' : undefined,
    promotedTaskId === '' ? undefined : promotedTaskId,
    ...[tasks, task, suspects, item].map((part) => (part === undefined ? undefined : wordsOf(part))),
  ];
  return parts.filter((part) => typeof part === 'string').join(' ');
};

const labelOf = (what: string, name: string, args: readonly unknown[]): string => {
  const [first] = args;
  // What comes second, a row's version or an error, is another one each time or always the same.
  if (typeof first === 'string') return `${what} ${name}(${first})`;
  if (Array.isArray(first)) return `${what} ${name}(${first.join(' ')})`;
  if (typeof first !== 'object' || first === null) return `${what} ${name}`;
  const given = first as Args;
  const id = given['item_id'] ?? given['task_id'] ?? given['turn_id'] ?? given['turnId'];
  const how = given['status'] ?? given['event'];
  const words = [id, given['fence'], how].filter((word) => typeof word === 'string' && word !== '');
  return `${what} ${name}(${words.join(', ')})`;
};

/** When a script of this name finds something to do; the others may be called at any time. */
function readiness(world: World, name: string): () => boolean {
  switch (name) {
    case 'claim':
      return () => world.isOwn() && idsOf(world.redis.lanes).length > 0;
    case 'reap':
      return () =>
        world.isOwn() &&
        world.redis.inflight.some((id) => {
          const since = world.redis.tasks[id]?.unleasedSince;
          return (
            world.redis.leases[id] === undefined && (since === undefined || since === '' || since === '1')
          );
        });
    default:
      return () => true;
  }
}

/** A row that is not over and has no task, or one that is over and was not told. */
export function needsRepair({ rows, redis }: World): boolean {
  return rows.some(
    ({ task, turn, kind, status }) =>
      redis.tasks[task] === undefined &&
      redis.leases[task] === undefined &&
      redis.markers[task] === undefined &&
      (redis.told[turn] === undefined
        ? kind !== 'recorded'
        : kind === 'steer' && (status === 'queued' || status === 'running')),
  );
}

/** Whoever is answered Ok under a fence must have been the holder: the script may not look away. */
function checkFence(world: World, name: string, args: Args | undefined, reply: unknown): void {
  const fence = args?.['fence'];
  const task = args?.['task_id'];
  if (typeof fence !== 'string' || fence === '' || typeof task !== 'string' || name === 'adopt') return;
  const { code } = reply as { code: number };
  if (code === ScriptResult.Ok && world.redis.leases[task] !== fence)
    world.say(
      `FENCE: ${name} was done for ${fence}, but ${world.redis.leases[task] ?? 'nobody'} holds ${task}`,
    );
}

/** Each script call of these threads is a step. */
export function gateScripts(
  world: World,
  threadOf: (script: string, taskId: string | undefined) => Thread,
): TurnScripts {
  const real = bindTurnScripts(world.bench.library, world.connection, world.keys.prefix);
  const gated = Object.entries(real).map(([name, call]) => {
    const run = call as unknown as Run;
    const wrapped: Run = (...args) => {
      const given = args[0] as Args;
      const mishaps: Mishap[] = [ONCE.has(name) ? 'lostClaim' : 'lost'];
      if (name === 'enqueue' && given['kind'] !== 'steer') mishaps.push('refused');
      const once = async (mishap?: Mishap) => {
        const before = world.redis;
        const reply = await run(mishap === 'refused' ? { ...given, threshold: 0 } : given, args[1]);
        if (world.redis === before) checkFence(world, name, given, reply);
        return reply;
      };
      const both = async (mishap: Mishap | undefined) => {
        if (mishap === 'lost') {
          await once();
          await world.refresh('redis');
        }
        const reply = await once(mishap);
        if (mishap === 'lostClaim') throw PlatformError.of('UNAVAILABLE');
        return reply;
      };
      const taskId = given['task_id'];
      const thread = threadOf(name, typeof taskId === 'string' ? taskId : undefined);
      const canOpen = readiness(world, name);
      return step(thread, labelOf('script', name, args), both, wordsOf, { mishaps, canOpen });
    };
    return [name, wrapped];
  });
  return Object.fromEntries(gated) as TurnScripts;
}

const AWAY: readonly Mishap[] = ['away', 'unknown', 'outage', 'outageAfter'];
/** How many statements an outage lasts: as long as a worker asks for its start. */
const OUTAGE = 4;

/** One statement, with what may happen to Postgres before and after it. */
async function ask(
  thread: Thread,
  mishap: Mishap | undefined,
  run: () => Promise<unknown>,
): Promise<unknown> {
  if (thread.awayLeft > 0) {
    thread.awayLeft -= 1;
    throw PlatformError.of('UNAVAILABLE');
  }
  if (mishap === 'outage' || mishap === 'outageAfter') thread.awayLeft = OUTAGE - 1;
  if (mishap === 'away' || mishap === 'outage') throw PlatformError.of('UNAVAILABLE');
  if (mishap === 'lost') await run();
  const answer = await run();
  if (mishap === 'unknown' || mishap === 'outageAfter') throw PlatformError.of('UNAVAILABLE');
  return answer;
}

/** Each statement of this thread is a step. */
export function gateRows(world: World, thread: Thread, scope: TenantProject): TurnRows {
  const real = createTurnRows(world.bench.sql, scope);
  const gated = Object.entries(real).map(([name, call]) => {
    const run = call as unknown as Run;
    const wrapped: Run = (...args) =>
      step(thread, labelOf('row', name, args), (mishap) => ask(thread, mishap, () => run(...args)), wordsOf, {
        mishaps: ASKED_AGAIN.has(name) ? ['lost', ...AWAY] : AWAY,
      });
    return [name, wrapped];
  });
  return Object.fromEntries(gated) as TurnRows;
}

/** The same for a process that has several statements under way: one thread for each, and groups are one statement. */
export function gateGroupedRows(world: World, processName: string, scope: TenantProject): TurnRows {
  const { sql } = world.bench;
  const query = (statement: Statement) => {
    const { name = 'statement', values = [] } = statement;
    const [, , about] = values;
    // A timer of a dead process may still fire.
    if (world.thread(processName).isDead) return new Promise<never>(() => undefined);
    const thread = world.thread(`${processName}.${name}${Array.isArray(about) ? '' : `.${String(about)}`}`);
    const label = `row ${name}(${Array.isArray(about) ? about.join(' ') : String(about)})`;
    return step(thread, label, (mishap) => ask(thread, mishap, () => sql.query(statement)), wordsOf, {
      mishaps: AWAY,
    });
  };
  return createTurnRows({ ...sql, query: query as Sql['query'] }, scope);
}

/** Locks as Postgres has them: one holder, until its connection ends; a dead one's ends a while later. */
export function gateLocks(world: World, thread: Thread, canOpen: () => boolean): Sql {
  const take = async <T>(key: string, run: (lost: AbortSignal) => Promise<T>): Promise<T | undefined> => {
    const lost = new AbortController();
    const isTaken = await step(
      thread,
      'lock',
      () => {
        if (world.locks.has(key)) return true;
        world.locks.set(key, { thread, lose: () => lost.abort(new Error('the advisory lock was lost')) });
        return false;
      },
      (answer) => (answer ? 'taken' : 'mine'),
      { canOpen },
    );
    if (isTaken) return undefined;
    try {
      return await run(lost.signal);
    } finally {
      if (world.locks.get(key)?.thread === thread) world.locks.delete(key);
    }
  };
  return {
    ...world.bench.sql,
    tryAdvisoryLock: take,
    advisoryLock: () => Promise.reject(new Error('not here')),
  };
}

const asText = (answer: unknown): string => JSON.stringify(answer);

const PLAIN_COMMANDS: ReadonlySet<string> = new Set(['hget', 'hmget', 'scan', 'unlink']);

/** Plain commands and pipelines of this thread are steps: reconciler and rebuild use some. */
export function gateConnection(world: World, thread: Thread): RedisConnection {
  const { connection } = world;
  const driver = new Proxy(connection.driver, {
    get: (target, name) => {
      const own = Reflect.get(target, name) as Run;
      if (name === 'pipeline')
        return () => {
          const pipeline = target.pipeline();
          const exec = pipeline.exec.bind(pipeline);
          pipeline.exec = () => step(thread, 'redis pipeline', () => exec(), asText);
          return pipeline;
        };
      if (typeof name !== 'string' || !PLAIN_COMMANDS.has(name)) return own;
      return (...args: unknown[]) => step(thread, `redis ${name}`, () => own.apply(target, args), asText);
    },
  });
  return { ...connection, driver, ready: () => Promise.resolve(), onReady: () => () => undefined };
}
