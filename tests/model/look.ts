import type { Keys, RedisConnection } from '@switchyard/redis';
import type { Sql } from '@switchyard/store';
import type { TenantProject } from '@switchyard/protocol';

export interface TaskView {
  readonly turn: string;
  readonly kind: string;
  readonly attempts: string;
  readonly isCancelRequested: boolean;
  /** Empty: not a suspect. */
  readonly unleasedSince: string;
}
export interface EventView {
  readonly event: string;
  readonly turn: string;
  readonly data: string;
}
/** What Redis holds of one scope. */
export interface RedisView {
  readonly lane: readonly string[];
  readonly inflight: readonly string[];
  readonly mailbox: readonly string[];
  readonly held: readonly string[];
  readonly tasks: Readonly<Record<string, TaskView>>;
  readonly leases: Readonly<Record<string, string>>;
  readonly markers: Readonly<Record<string, string>>;
  readonly conversation: { readonly state: string; readonly turn: string };
  readonly told: Readonly<Record<string, string>>;
  readonly owner: string;
  /** Every key's name in the table of keys, sorted: what is left over. */
  readonly names: readonly string[];
}
export interface RowView {
  readonly turn: string;
  readonly task: string;
  readonly message: string;
  readonly kind: string;
  readonly status: string;
  readonly fence: string | null;
  readonly folded_into: string | null;
}

// One look at the whole scope; of the log only what is new.
const LOOK = `
local P, after = KEYS[1], ARGV[1]
local out = {}
for _, key in ipairs(redis.call('KEYS', P .. ':*')) do
  local kind = redis.call('TYPE', key).ok
  if kind == 'list' then out[#out + 1] = { key, redis.call('LRANGE', key, 0, -1) }
  elseif kind == 'string' then out[#out + 1] = { key, string.sub(redis.call('GET', key), 1, 60) }
  elseif kind == 'stream' then out[#out + 1] = { key, redis.call('XRANGE', key, after == '' and '-' or '(' .. after, '+') }
  elseif string.find(key, ':chat:task:', 1, true) then
    out[#out + 1] = { key, redis.call('HMGET', key, 'turn_id', 'kind', 'attempts', 'cancel_requested', 'unleased_since') }
  elseif kind == 'hash' then out[#out + 1] = { key, redis.call('HGETALL', key) }
  else out[#out + 1] = { key } end
end
return out`;

const LISTS: ReadonlySet<string> = new Set(['lane', 'inflight', 'mailbox', 'held']);
const partAfter = (key: string) => key.slice(key.lastIndexOf(':') + 1);
const pairs = (list: readonly string[]) =>
  Object.fromEntries(list.flatMap((word, at) => (at % 2 === 0 ? [[word, list[at + 1] ?? '']] : [])));

export function createLook(connection: RedisConnection, keys: Keys) {
  let lastId = '';
  const readLog = (entries: readonly [string, string[]][]): EventView[] => {
    lastId = entries.at(-1)?.[0] ?? lastId;
    return entries.map(([, fields]) => {
      const entry = pairs(fields);
      return { event: entry['event'] ?? '', turn: entry['turn_id'] ?? '', data: entry['data'] ?? '' };
    });
  };
  return {
    /** The log is another one from here on. */
    forgetLog: () => void (lastId = ''),
    redis: async (): Promise<{ view: RedisView; events: EventView[] }> => {
      const found = (await connection.driver.eval(LOOK, 1, keys.prefix, lastId)) as [string, unknown][];
      const names: string[] = [];
      const lists: Record<string, readonly string[]> = {};
      const hashes: Record<string, Record<string, string>> = {};
      const strings: Record<string, Record<string, string>> = { lease: {}, started: {}, told: {} };
      const tasks: Record<string, TaskView> = {};
      let events: EventView[] = [];
      for (const [key, value] of found.toSorted(([a], [b]) => (a < b ? -1 : 1))) {
        const name = keys.nameOf(key) ?? key;
        names.push(name);
        if (name === 'events') events = readLog(value as [string, string[]][]);
        else if (name === 'task') {
          const [turn, kind, attempts, cancel, since] = value as (string | null)[];
          tasks[partAfter(key)] = {
            turn: turn ?? '',
            kind: kind ?? '',
            attempts: attempts ?? '',
            isCancelRequested: cancel !== null,
            unleasedSince: since ?? '',
          };
        } else if (LISTS.has(name)) lists[name] = [...(lists[name] ?? []), ...(value as string[])];
        else if (name === 'conversation' || name === 'epoch') hashes[name] = pairs(value as string[]);
        else if (name in strings) (strings[name] ??= {})[partAfter(key)] = String(value);
      }
      const { lane = [], inflight = [], mailbox = [], held = [] } = lists;
      return {
        events,
        view: {
          lane,
          inflight,
          mailbox,
          held,
          tasks,
          leases: strings['lease'] ?? {},
          markers: strings['started'] ?? {},
          told: strings['told'] ?? {},
          conversation: {
            state: hashes['conversation']?.['state'] ?? 'idle',
            turn: hashes['conversation']?.['turn_id'] ?? '',
          },
          owner: hashes['epoch']?.['run_id'] ?? '',
          names,
        },
      };
    },
  };
}

export function readRows(sql: Sql, scope: TenantProject): Promise<RowView[]> {
  return sql.query<RowView>({
    name: 'model-rows',
    text: `select turn_id as turn, task_id as task, message_id as message, kind, status, fence, folded_into from turn
      where tenant = $1 and project = $2 order by seq`,
    values: [scope.tenant, scope.project],
  });
}
