import type { Keys, RedisConnection } from '@switchyard/redis';
import type { Sql } from '@switchyard/store';
import type { TenantProject } from '@switchyard/protocol';

export interface TaskView {
  readonly turn: string;
  readonly conversation: string;
  readonly kind: string;
  readonly attempts: string;
  readonly isCancelRequested: boolean;
  /** Empty: not a suspect. */
  readonly unleasedSince: string;
}
export interface EventView {
  readonly event: string;
  readonly session: string;
  readonly conversation: string;
  readonly turn: string;
  readonly data: string;
}
/** What Redis holds of one scope. */
export interface RedisView {
  /** Ready, by lane; those that do not wait are not named. */
  readonly lanes: Readonly<Record<string, readonly string[]>>;
  readonly inflight: readonly string[];
  /** By conversation. */
  readonly mailboxes: Readonly<Record<string, readonly string[]>>;
  /** By the hash of the user. */
  readonly held: Readonly<Record<string, readonly string[]>>;
  readonly tasks: Readonly<Record<string, TaskView>>;
  readonly leases: Readonly<Record<string, string>>;
  readonly markers: Readonly<Record<string, string>>;
  readonly conversations: Readonly<Record<string, { readonly state: string; readonly turn: string }>>;
  readonly told: Readonly<Record<string, string>>;
  readonly owner: string;
  /** Every key's name in the table of keys, sorted: what is left over. */
  readonly names: readonly string[];
}
export interface RowView {
  readonly turn: string;
  readonly task: string;
  readonly message: string;
  readonly conversation: string;
  readonly kind: string;
  readonly status: string;
  readonly fence: string | null;
  readonly folded_into: string | null;
}

// One look at the whole scope; of the log only what is new.
const LOOK = `
local P, after, out = KEYS[1], {}, {}
for i = 1, #ARGV, 2 do after[ARGV[i]] = ARGV[i + 1] end
for _, key in ipairs(redis.call('KEYS', P .. ':*')) do
  local kind = redis.call('TYPE', key).ok
  if kind == 'list' then out[#out + 1] = { key, redis.call('LRANGE', key, 0, -1) }
  elseif kind == 'string' then out[#out + 1] = { key, string.sub(redis.call('GET', key), 1, 60) }
  elseif kind == 'stream' then out[#out + 1] = { key, redis.call('XRANGE', key, after[key] and '(' .. after[key] or '-', '+') }
  elseif string.find(key, ':chat:task:', 1, true) then
    out[#out + 1] = { key, redis.call('HMGET', key, 'turn_id', 'conversation_id', 'kind', 'attempts', 'cancel_requested', 'unleased_since') }
  elseif kind == 'hash' then out[#out + 1] = { key, redis.call('HGETALL', key) }
  else out[#out + 1] = { key } end
end
return out`;

const partAfter = (key: string) => key.slice(key.lastIndexOf(':') + 1);
const pairs = (list: readonly string[]) =>
  Object.fromEntries(list.flatMap((word, at) => (at % 2 === 0 ? [[word, list[at + 1] ?? '']] : [])));

/** Ready, waiting or held: not under way. */
export const idsOf = (lists: Readonly<Record<string, readonly string[]>>): string[] =>
  Object.values(lists).flat();

function taskView(fields: readonly (string | null)[]): TaskView {
  const [turn, conversation, kind, attempts, cancel, since] = fields;
  return {
    turn: turn ?? '',
    conversation: conversation ?? '',
    kind: kind ?? '',
    attempts: attempts ?? '',
    isCancelRequested: cancel !== null && cancel !== undefined,
    unleasedSince: since ?? '',
  };
}

export function createLook(connection: RedisConnection, keys: Keys) {
  let lastIds: Record<string, string> = {};
  const readLog = (key: string, entries: readonly [string, string[]][]): [string, EventView][] => {
    const last = entries.at(-1)?.[0];
    if (last !== undefined) lastIds[key] = last;
    return entries.map(([id, fields]) => {
      const entry = pairs(fields);
      const { event = '', turn_id: turn = '', conversation_id: conversation = '', data = '' } = entry;
      return [id, { event, turn, conversation, session: partAfter(key), data }];
    });
  };
  return {
    /** The logs are others from here on. */
    forgetLog: () => void (lastIds = {}),
    redis: async (): Promise<{ view: RedisView; events: EventView[] }> => {
      const after = Object.entries(lastIds).flat();
      const found = (await connection.driver.eval(LOOK, 1, keys.prefix, ...after)) as [string, unknown][];
      const names: string[] = [];
      const lists: Record<string, Record<string, readonly string[]>> = {};
      const hashes: Record<string, Record<string, Record<string, string>>> = {};
      const strings: Record<string, Record<string, string>> = {};
      const tasks: Record<string, TaskView> = {};
      const events: [string, EventView][] = [];
      for (const [key, value] of found.toSorted(([a], [b]) => (a < b ? -1 : 1))) {
        const name = keys.nameOf(key) ?? key;
        const own = partAfter(key);
        names.push(name);
        if (name === 'events') events.push(...readLog(key, value as [string, string[]][]));
        else if (name === 'task') tasks[own] = taskView(value as (string | null)[]);
        else if (LISTS.has(name)) (lists[name] ??= {})[own] = value as string[];
        else if (HASHES.has(name)) (hashes[name] ??= {})[own] = pairs(value as string[]);
        else if (STRINGS.has(name)) (strings[name] ??= {})[own] = String(value);
      }
      const conversations = Object.entries(hashes['conversation'] ?? {}).map(([id, fields]) => [
        id,
        { state: fields['state'] ?? 'idle', turn: fields['turn_id'] ?? '' },
      ]);
      return {
        events: events.toSorted(([a], [b]) => compareIds(a, b)).map(([, entry]) => entry),
        view: {
          lanes: lists['lane'] ?? {},
          inflight: idsOf(lists['inflight'] ?? {}),
          mailboxes: lists['mailbox'] ?? {},
          held: lists['held'] ?? {},
          tasks,
          leases: strings['lease'] ?? {},
          markers: strings['started'] ?? {},
          told: strings['told'] ?? {},
          conversations: Object.fromEntries(conversations) as RedisView['conversations'],
          owner: hashes['epoch']?.['epoch']?.['run_id'] ?? '',
          names,
        },
      };
    },
  };
}

/** `<epoch>-<microseconds>`. */
function compareIds(a: string, b: string): number {
  const [epochA = 0, timeA = 0] = a.split('-').map(Number);
  const [epochB = 0, timeB = 0] = b.split('-').map(Number);
  return epochA - epochB || timeA - timeB;
}

const LISTS: ReadonlySet<string> = new Set(['lane', 'inflight', 'mailbox', 'held']);
const HASHES: ReadonlySet<string> = new Set(['conversation', 'epoch']);
const STRINGS: ReadonlySet<string> = new Set(['lease', 'started', 'told']);

export function readRows(sql: Sql, scope: TenantProject): Promise<RowView[]> {
  return sql.query<RowView>({
    name: 'model-rows',
    text: `select turn_id as turn, task_id as task, message_id as message, conversation_id as conversation, kind, status, fence, folded_into from turn
      where tenant = $1 and project = $2 order by seq`,
    values: [scope.tenant, scope.project],
  });
}
