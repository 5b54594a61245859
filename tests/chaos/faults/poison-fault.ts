import { createKeys } from '@switchyard/redis';
import type { Sql } from '@switchyard/store';
import { PROCS, SCOPE } from '../members.ts';
import type { Arena } from '../arena.ts';
import { pause } from './fault.ts';
import type { Fault, Site } from './fault.ts';
import { revive } from './revive.ts';

const keys = createKeys(SCOPE);
const LOOK_MS = 20;

/**
 * Whoever starts a message that begins with `poison` waits here, and is killed by the fault. It never gets through: the trigger ends
 * in an error. Switched off, it is a message like any other.
 */
export const installPoison = async (sql: Sql): Promise<void> => {
  await sql.query({ text: 'create table chaos_poison (is_on boolean not null)' });
  await sql.query({ text: 'insert into chaos_poison values (false)' });
  await sql.query({
    text: `create function chaos_poison() returns trigger language plpgsql as $$
      begin
        if (select is_on from chaos_poison) then
          perform pg_sleep(30);
          raise exception 'poison';
        end if;
        return new;
      end $$`,
  });
  await sql.query({
    text: `create trigger chaos_poison before update on turn for each row
      when (old.status = 'queued' and new.status = 'running' and new.text like '%poison%')
      execute function chaos_poison()`,
  });
};

const END_SLEEPERS = "select pg_terminate_backend(pid) from pg_stat_activity where wait_event = 'PgSleep'";

const setPoison = (arena: Arena, isOn: boolean): Promise<unknown> =>
  arena.store.sql.query({ text: 'update chaos_poison set is_on = $1', values: [isOn] });

/** Kills whoever holds the task's lease and has begun its start; answers the row's status. */
const killToucher = async ({ arena, note }: Site, turn: string): Promise<string> => {
  const [row] = await arena.store.sql.query<{ status: string; task_id: string }>({
    text: 'select status, task_id from turn where turn_id = $1',
    values: [turn],
  });
  if (row?.status !== 'queued') return row?.status ?? 'gone';
  const sleeping = await arena.store.sql.query({
    text: "select 1 from pg_stat_activity where wait_event = 'PgSleep'",
  });
  const fence = await arena.redis.command('GET', keys.lease(row.task_id));
  const toucher = PROCS.find((name) => fence.startsWith(name));
  if (sleeping.length === 0 || toucher === undefined) return 'queued';
  const member = arena.fleet.member(toucher);
  await member.kill();
  // The database would go on with the dead worker's statement.
  await arena.store.sql.query({ text: END_SLEEPERS });
  note(`${toucher} touched the poison`);
  await revive(member, note);
  return 'queued';
};

/** Until it is over, or its time is. */
const killTouchers = async (site: Site, turn: string, limitMs: number): Promise<string> => {
  const until = performance.now() + limitMs;
  let status = 'queued';
  while (status === 'queued' && performance.now() < until) {
    status = await killToucher(site, turn).catch(() => 'queued');
    await pause(LOOK_MS);
  }
  return status;
};

/** A message that kills every worker that touches it: after three of them it is a dead letter. */
export const poisonTask: Fault = {
  name: 'poison-task',
  targets: ['procs'],
  // Nobody else may kill workers meanwhile: what is asserted is that three are enough.
  holds: () => [
    ...PROCS,
    'redis',
    'postgres',
    ...PROCS.flatMap((name) => [`${name} to redis`, `${name} to postgres`]),
  ],
  lastsMs: [35_000, 45_000],
  isOverAfterBegin: true,
  begin: async (site) => {
    const { arena, stranger, lastsMs, note } = site;
    await setPoison(arena, true);
    const turn = await stranger.say('poison');
    const status = turn === undefined ? 'not accepted' : await killTouchers(site, turn, lastsMs);
    note(`the poison of ${turn ?? 'nobody'} is ${status}`);
    return async () => {
      await setPoison(arena, false);
      await arena.store.sql.query({ text: END_SLEEPERS });
    };
  },
};
