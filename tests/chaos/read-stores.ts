import { connectRedis, createKeys } from '@switchyard/redis';
import type { KeyName, RedisConnection } from '@switchyard/redis';
import type { ConversationView, LogView, RowView, StoreView } from '../history/store-view.ts';
import { SCOPE } from './members.ts';
import type { Arena } from './arena.ts';

const keys = createKeys(SCOPE);

const ROWS = `
select seq::int, turn_id as turn, task_id as task, conversation_id as conversation, session_id as session, user_id as "user",
  message_id as key, kind, status, folded_into as "foldedInto", attempt, answer_text as "answerText", error->>'error_type' as "errorType"
from turn order by seq`;

/** What is there only while there is work. */
const WORK_KEYS = new Set<KeyName>([
  'lane',
  'inflight',
  'held',
  'task',
  'tasks',
  'userTasks',
  'lease',
  'started',
  'mailbox',
  'snapshot',
  'runningTurns',
]);

const readLog = async (redis: RedisConnection, key: string): Promise<LogView[]> => {
  const entries = await redis.driver.xrange(key, '-', '+');
  return entries.map(([id, fields]) => {
    const pairs = new Map<string, string>();
    for (let at = 0; at < fields.length; at += 2) pairs.set(fields[at] ?? '', fields[at + 1] ?? '');
    const of = (name: string): string => pairs.get(name) ?? '';
    return {
      id,
      prev: of('prev'),
      event: of('event'),
      stream: of('stream_id'),
      conversation: of('conversation_id'),
      turn: of('turn_id'),
      data: of('data'),
    };
  });
};

const readRedis = async (
  redis: RedisConnection,
): Promise<Pick<StoreView, 'logs' | 'conversations' | 'workKeys'>> => {
  const found = await redis.driver.keys(`${keys.prefix}:*`);
  const logs: Record<string, LogView[]> = {};
  const conversations: Record<string, ConversationView> = {};
  for (const key of found) {
    const name = keys.nameOf(key);
    const id = key.slice(key.lastIndexOf(':') + 1);
    if (name === 'events') logs[id] = await readLog(redis, key);
    if (name === 'conversation') {
      const [state, turn] = await redis.driver.hmget(key, 'state', 'turn_id');
      conversations[id] = { state: state ?? '', turn: turn ?? '' };
    }
  }
  const workKeys = found.filter((key) => {
    const name = keys.nameOf(key);
    return name !== undefined && WORK_KEYS.has(name);
  });
  return { logs, conversations, workKeys };
};

/** What both stores hold now. */
export const readStores = async ({ store, redis: box }: Arena): Promise<StoreView> => {
  const redis = await connectRedis({ url: box.url, name: 'chaos', kind: 'commands' });
  try {
    const [rows, rest] = await Promise.all([store.sql.query<RowView>({ text: ROWS }), readRedis(redis)]);
    return { rows, ...rest };
  } finally {
    await redis.close();
  }
};

/** Redis' connections by what they are for, without what is another one in every life. */
export const readConnections = async ({ redis }: Arena): Promise<string[]> => {
  const list = await redis.command('CLIENT', 'LIST');
  return list
    .split('\n')
    .flatMap((line) => /\bname=(\S+)/.exec(line)?.[1] ?? [])
    .filter((name) => name.startsWith('chat-'))
    .map((name) => name.replace(/:(proc-\d)\.[\w-]+/, ':$1'))
    .toSorted();
};
