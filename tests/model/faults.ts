import { startRebuilds } from './actors.ts';
import { kill } from './gates.ts';
import type { Thread } from './gates.ts';
import { isLifeOf, processOf, threadsOf } from './processes.ts';
import { messageOf } from './scenarios.ts';
import type { FaultName } from './scenarios.ts';
import type { Choice } from './schedule.ts';
import type { World } from './world.ts';

const CRASHES: readonly [prefix: string, fault: FaultName][] = [
  ['W', 'crashW'],
  ['I', 'crashI'],
  ['C', 'crashC'],
  ['RP', 'crashR'],
  ['RC', 'crashRC'],
  ['RB', 'crashRB'],
];
/** Nothing is begun there: a death or a stall changes nothing. */
const IDLE = /^(script claim|pop|script reap|somebody cancels|lock|a pause ends)/;
/** Faults after which everything still has to go as if nothing had failed. */
const HARMLESS: ReadonlySet<FaultName> = new Set<FaultName>(['drain']);

export function spend(world: World, fault: FaultName): void {
  world.left[fault] -= 1;
  if (!HARMLESS.has(fault)) world.faultsUsed += 1;
}

type Add = (fault: FaultName, name: string, act: () => Promise<void> | void) => void;

/** Faults of the thread that has just taken a step: of another one they are the same earlier or later. */
export function faultsOf(world: World, current: string): Choice[] {
  const found: Choice[] = [];
  const add: Add = (fault, name, act) => {
    if (world.left[fault] <= 0) return;
    const spent = async () => {
      spend(world, fault);
      await act();
    };
    found.push({ name, fault, act: spent });
  };
  const thread = world.threads.find(({ name, isDead }) => name === current && !isDead);
  if (thread !== undefined) {
    addOwn(world, thread, add);
    addDrain(world, current, add);
  }
  if (world.rows.length > 0 && world.isOwn()) {
    add('restart', 'restart', () => replaceRedis(world, 'same'));
    add('wipe', 'wipe', () => replaceRedis(world, 'empty'));
    for (const age of AGES) {
      if (world.copies.at(-1 - age) !== undefined)
        add('older', `older-${age}`, () => replaceRedis(world, age));
    }
  }
  return found;
}

function addOwn(world: World, thread: Thread, add: Add): void {
  const { name } = thread;
  const own = processOf(world, name);
  const threads = threadsOf(world, own);
  const isIdle = threads.every(({ gate }) => gate === undefined || IDLE.test(gate.label));
  if (isIdle) return;
  const crash = CRASHES.find(([prefix]) => isLifeOf(name, prefix) || isLifeOf(own, prefix) || own === prefix);
  const isGateless = thread.gate === undefined && threads.length === 1;
  if (crash !== undefined && !isGateless && !name.endsWith('~'))
    add(crash[1], `crash ${own}`, () => killProcess(world, own));
  if (!name.endsWith('~')) addStall(world, own, thread, add);
  const message = messageOf(name.slice(2));
  if (name.startsWith('I.') && world.impatience.has(message))
    add('resend', 'resend', () => world.impatience.get(message)?.());
  for (const [key, holder] of world.locks)
    if (holder.thread === thread && thread.gate !== undefined)
      add('lockLost', `lock lost by ${name}`, () => {
        world.locks.delete(key);
        holder.lose();
      });
  const runs = world.rows.some(
    (row) => row.status === 'running' && row.fence?.startsWith(`${own}:`) === true,
  );
  if (runs && world.bench.order === 'startNotDurable')
    add('power', `power fails at ${own}`, () => failPower(world, own));
}

function addStall(world: World, own: string, thread: Thread, add: Add): void {
  const held = [...world.holders].filter(
    ([, holder]) => processOf(world, holder.thread.name) === own && holder.isHeld(),
  );
  const popped = world.popped.get(own);
  const stall = () => {
    for (const { name } of threadsOf(world, own)) if (!name.endsWith('~')) world.stalled.add(name);
  };
  if (thread.gate !== undefined && held.length > 0)
    add('stall', `stall ${own}`, async () => {
      for (const [, holder] of held) holder.giveUp();
      stall();
      for (const [fence] of held) await dropLease(world, fence);
    });
  if (popped !== undefined && thread.gate?.label.startsWith('pop') === false)
    add('stall', `stall ${own}`, () => {
      stall();
      return ripen(world, popped);
    });
}

function addDrain(world: World, current: string, add: Add): void {
  const own = processOf(world, current);
  const drain = world.drains.get(own);
  if (drain === undefined || current.endsWith('~')) return;
  const isDraining = world.draining.has(own);
  if (!isDraining)
    add('drain', `drain ${own}`, () => {
      world.draining.add(own);
      drain.begin();
    });
  else if (world.inBundle.has(current)) add('drainLimit', `drain limit of ${own}`, drain.end);
}

function killProcess(world: World, own: string): void {
  const threads = threadsOf(world, own).filter(({ isDead }) => !isDead);
  for (const thread of threads) {
    world.inBundle.delete(thread.name);
    kill(thread);
  }
}

/** The worker dies, and neither store kept what it was told of its start. */
async function failPower(world: World, own: string): Promise<void> {
  killProcess(world, own);
  const { keys, connection, scope, bench } = world;
  for (const [task, fence] of Object.entries(world.redis.leases))
    if (fence.startsWith(`${own}:`)) await connection.driver.del(keys.lease(task), keys.started(task));
  await bench.sql.query({
    text: `update turn set status = 'queued', fence = null, started_at = null
      where tenant = $1 and project = $2 and status = 'running'`,
    values: [scope.tenant, scope.project],
  });
}

export async function dropLease(world: World, fence: string): Promise<void> {
  const { keys, connection } = world;
  for (const [task, holder] of Object.entries(world.redis.leases))
    if (holder === fence) await connection.driver.del(keys.lease(task));
}

export async function ripen(world: World, task: string): Promise<void> {
  if (world.redis.tasks[task] !== undefined)
    await world.connection.driver.hset(world.keys.task(task), 'unleased_since', '1');
}

/** How many scripts of the last ones a Redis may have forgotten. */
const AGES = [1, 2, 3, 5, 8] as const;
const COPIES = 10;

const COPY = `
local P, to = KEYS[1], KEYS[2]
redis.call('DEL', to)
for _, key in ipairs(redis.call('KEYS', P .. ':*')) do
  redis.call('HSET', to, key, redis.call('PTTL', key) .. ' ' .. redis.call('DUMP', key))
end
return redis.call('PEXPIRE', to, 600000)`;
const RESTORE = `
local P, from = KEYS[1], KEYS[2]
for _, key in ipairs(redis.call('KEYS', P .. ':*')) do redis.call('DEL', key) end
local all = redis.call('HGETALL', from)
for i = 1, #all, 2 do
  local at = string.find(all[i + 1], ' ', 1, true)
  local ttl = math.max(0, tonumber(string.sub(all[i + 1], 1, at - 1)))
  redis.call('RESTORE', all[i], ttl, string.sub(all[i + 1], at + 1))
end
return #all`;

/** Of the whole scope, as it is after this script. The newest is what Redis holds now. */
export async function keepCopy(world: World): Promise<void> {
  const view = JSON.stringify(world.redis);
  if (world.copies.at(-1)?.view === view) return;
  const key = `model-copy:${world.keys.prefix}:${world.copySerial}`;
  world.copySerial += 1;
  await world.connection.driver.eval(COPY, 2, world.keys.prefix, key);
  world.copies.push({ key, view });
  const [old] = world.copies.length > COPIES ? world.copies.splice(0, 1) : [];
  if (old !== undefined) await world.connection.driver.unlink(old.key);
}

/** Another server answers from now on; processes begin to rebuild. */
async function replaceRedis(world: World, data: 'same' | 'empty' | number): Promise<void> {
  world.redisSerial += 1;
  world.setRunId(`redis-${world.redisSerial}`);
  const { driver } = world.connection;
  const { prefix } = world.keys;
  if (data === 'empty') {
    const found = await driver.keys(`${prefix}:*`);
    if (found.length > 0) await driver.unlink(found);
    await driver.zadd(world.keys.workers(), 1, 'w');
    await driver.hset(world.keys.worker('w'), { slots: '16', draining: '0' });
  } else if (data !== 'same') {
    const copy = world.copies.at(-1 - data) ?? world.copies[0];
    await driver.eval(RESTORE, 2, prefix, copy?.key ?? '');
  }
  if (data !== 'same') {
    world.look.forgetLog();
    world.events = [];
    world.isLogWhole = false;
  }
  startRebuilds(world);
}
