import type { PlacesRecord } from '../history/records.ts';
import type { RedisBox } from './redis-box.ts';

/**
 * Where every task is, in one step of Redis. Nothing while a rebuild is under way: then the data is being made, and the epoch names
 * another owner than this server.
 */
const LOOK = `
local p = ARGV[1]
if redis.call('HGET', p .. ':chat:epoch', 'run_id') ~= ARGV[2] then return '' end
local function ids(pattern, read)
  local all = {}
  for _, key in ipairs(redis.call('KEYS', pattern)) do
    for _, id in ipairs(read(key)) do table.insert(all, id) end
  end
  return all
end
local function items(key) return redis.call('LRANGE', key, 0, -1) end
local function own(key) return { string.sub(key, #p + 12) } end
local ready = {}
for _, lane in ipairs({ 'privileged', 'paid', 'registered', 'anonymous' }) do
  for _, id in ipairs(items(p .. ':chat:queue:' .. lane)) do table.insert(ready, id) end
end
local function some(list) return #list == 0 and '[]' or cjson.encode(list) end
return '{"tasks":' .. some(ids(p .. ':chat:task:*', own)) .. ',"ready":' .. some(ready)
  .. ',"inflight":' .. some(ids(p .. ':chat:queue:inflight:*', items)) .. ',"held":' .. some(ids(p .. ':chat:held:*', items))
  .. ',"mailbox":' .. some(ids(p .. ':chat:mailbox:*', items)) .. '}'`;

const PREFIX = '{demo:main}';

export const lookAtRedis = async (redis: RedisBox): Promise<Omit<PlacesRecord, 'at'> | undefined> => {
  const info = await redis.command('INFO', 'server');
  const runId = /^run_id:([0-9a-f]+)/m.exec(info)?.[1] ?? '';
  const text = await redis.command('EVAL', LOOK, '0', PREFIX, runId);
  if (text === '') return undefined;
  return { kind: 'places', ...(JSON.parse(text) as Omit<PlacesRecord, 'at' | 'kind'>) };
};

/** Looks all the time; what Redis does not answer is no look. Returns how to end it. */
export const watchPlaces = (
  redis: RedisBox,
  everyMs: number,
  onLook: (look: Omit<PlacesRecord, 'at'>) => void,
): (() => Promise<void>) => {
  const over = new AbortController();
  const watch = async (): Promise<void> => {
    while (!over.signal.aborted) {
      const look = await lookAtRedis(redis).catch(() => undefined);
      if (look !== undefined) onLook(look);
      await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
  };
  const watching = watch();
  return async () => {
    over.abort();
    await watching;
  };
};
