import type { TenantProject } from '@switchyard/protocol';
import { connectRedis, createKeys } from '@switchyard/redis';
import type { KeyName, Keys, RedisConnection } from '@switchyard/redis';
import { openStore } from '@switchyard/store';
import type { Sql } from '@switchyard/store';
import type { PlacesRecord } from './records.ts';
import type { ConversationView, LogView, RowView, StoreView } from './store-view.ts';

/** Looks at both stores of a scope, over connections of its own. */
export interface StoreReader {
  rows(): Promise<RowView[]>;
  /** Rows, logs, conversations and work keys. */
  read(): Promise<Omit<StoreView, 'resources' | 'idleAfterMs'>>;
  workKeys(): Promise<string[]>;
  /** Undefined while the data belongs to no server, as during a rebuild: then nothing is where it belongs. */
  places(): Promise<Omit<PlacesRecord, 'at'> | undefined>;
  /** Names of everybody else's connections to Redis, without what changes with each life of a process. */
  connections(): Promise<string[]>;
  close(): Promise<void>;
}

export interface StoreReaderOptions {
  readonly redisUrl: string;
  readonly databaseUrl: string;
  readonly scope: TenantProject;
}

/** What may stay when nothing works: the answers of the past, which ids are used up, who is there, and what was refused a moment ago. */
const AT_REST: ReadonlySet<KeyName> = new Set<KeyName>([
  'epoch',
  'conversation',
  'seen',
  'refused',
  'told',
  'workers',
  'worker',
  'events',
  'authMasked',
  'authSession',
  'authRedeem',
  'authTicket',
  'breaker',
]);
const LANES = ['privileged', 'paid', 'registered', 'anonymous'] as const;
const PAGE = 1000;
const OWN_NAME = 'history';

export const createStoreReader = async (options: StoreReaderOptions): Promise<StoreReader> => {
  const { scope } = options;
  const keys = createKeys(scope);
  const redis = await connectRedis({ url: options.redisUrl, name: OWN_NAME, kind: 'commands' });
  const store = await openStore({ url: options.databaseUrl, poolSize: 2, applicationName: OWN_NAME });
  const rows = () => readRows(store.sql, scope);
  const find = () => findKeys(redis, keys);
  return {
    rows,
    read: async () => {
      const found = await find();
      return {
        rows: await rows(),
        logs: await readLogs(redis, keys, found),
        conversations: await readConversations(redis, keys, found),
        workKeys: selectWork(keys, found),
      };
    },
    workKeys: async () => selectWork(keys, await find()),
    places: () => readPlaces(redis, keys),
    connections: async () => {
      const list = (await redis.driver.client('LIST')) as string;
      const names = list.split('\n').flatMap((line) => /\bname=(\S+)/.exec(line)?.[1] ?? []);
      return names
        .filter((name) => name !== OWN_NAME)
        .map((name) => name.replace(/\.[A-Za-z0-9_-]{6,}\./, '.*.'));
    },
    close: async () => {
      await redis.close();
      await store.close();
    },
  };
};

const readRows = (sql: Sql, { tenant, project }: TenantProject): Promise<RowView[]> =>
  sql.query<RowView>({
    text: `select seq, turn_id as turn, task_id as task, conversation_id as conversation, session_id as session, user_id as "user",
        message_id as key, kind, status, folded_into as "foldedInto", attempt, answer_text as "answerText",
        error->>'error_type' as "errorType"
      from turn where tenant = $1 and project = $2 order by seq`,
    values: [tenant, project],
  });

const findKeys = async (redis: RedisConnection, keys: Keys): Promise<string[]> => {
  const found = new Set<string>();
  let cursor = '0';
  do {
    const [next, page] = await redis.driver.scan(cursor, 'MATCH', `${keys.prefix}:*`, 'COUNT', PAGE);
    for (const key of page) found.add(key);
    cursor = next;
  } while (cursor !== '0');
  return [...found];
};

const selectWork = (keys: Keys, found: readonly string[]): string[] =>
  found.filter((key) => {
    const name = keys.nameOf(key);
    if (name !== undefined) return !AT_REST.has(name);
    return !key.startsWith(keys.rate()) && !key.startsWith(`${keys.jobs()}:`);
  });

const readLogs = async (
  redis: RedisConnection,
  keys: Keys,
  found: readonly string[],
): Promise<Record<string, LogView[]>> => {
  const logs: Record<string, LogView[]> = {};
  for (const key of found.filter((each) => keys.nameOf(each) === 'events')) {
    const entries = await redis.driver.xrange(key, '-', '+');
    logs[key.slice(keys.events('x').length - 1)] = entries.map(([id, fields]) => toLogView(id, fields));
  }
  return logs;
};

const toLogView = (id: string, fields: readonly string[]): LogView => {
  const field = (name: string): string => {
    const at = fields.findIndex((each, index) => index % 2 === 0 && each === name);
    return at < 0 ? '' : (fields[at + 1] ?? '');
  };
  return {
    id,
    prev: field('prev'),
    event: field('event'),
    stream: field('stream_id'),
    conversation: field('conversation_id'),
    turn: field('turn_id'),
    data: field('data'),
  };
};

const readConversations = async (
  redis: RedisConnection,
  keys: Keys,
  found: readonly string[],
): Promise<Record<string, ConversationView>> => {
  const views: Record<string, ConversationView> = {};
  for (const key of found.filter((each) => keys.nameOf(each) === 'conversation')) {
    const [state, turn] = await redis.driver.hmget(key, 'state', 'turn_id');
    views[key.slice(keys.conversation('x').length - 1)] = { state: state ?? '', turn: turn ?? '' };
  }
  return views;
};

/** Lists whose names are not known are found first; then all are read in one transaction, which is one moment. */
const readPlaces = async (
  redis: RedisConnection,
  keys: Keys,
): Promise<Omit<PlacesRecord, 'at'> | undefined> => {
  const text = `local e = redis.call('HMGET', KEYS[1], 'n', 'run_id')
    if not e[1] or e[2] ~= ARGV[1] then return false end
    local all = { redis.call('SMEMBERS', KEYS[2]), {}, {}, {}, {} }
    local function add(at, key) for _, id in ipairs(redis.call('LRANGE', key, 0, -1)) do table.insert(all[at], id) end end
    for i = 3, 6 do add(2, KEYS[i]) end
    for i = 7, 10 do add(3, KEYS[i]) end
    local cursor = '0'
    repeat
      local page = redis.call('SCAN', cursor, 'MATCH', ARGV[2] .. ':chat:held:*', 'COUNT', 1000)
      cursor = page[1]
      for _, key in ipairs(page[2]) do if redis.call('TYPE', key).ok == 'list' then add(4, key) end end
    until cursor == '0'
    for _, id in ipairs(all[1]) do
      local c = redis.call('HGET', ARGV[2] .. ':chat:task:' .. id, 'conversation_id')
      local box = c and ARGV[2] .. ':chat:mailbox:' .. c
      if box and not all[box] then all[box] = true; add(5, box) end
    end
    return { all[1], all[2], all[3], all[4], all[5] }`;
  const named = [
    keys.epoch(),
    keys.tasks(),
    ...LANES.map((lane) => keys.lane(lane)),
    ...LANES.map((lane) => keys.inflight(lane)),
  ];
  const reply = (await redis.driver.eval(text, named.length, ...named, redis.runId(), keys.prefix)) as
    | string[][]
    | null;
  if (reply === null) return undefined;
  const [tasks = [], ready = [], inflight = [], held = [], mailbox = []] = reply;
  return { kind: 'places', tasks, ready, inflight, held, mailbox };
};
