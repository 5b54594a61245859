import type { UserType } from '@switchyard/protocol';
import type { RedisConnection } from '@switchyard/redis';
import type { MessageFields } from '../script-arguments.ts';
import { codeOf, wordOf, words } from '../script-replies.ts';
import type { Coded } from '../script-replies.ts';
import { loadTurnScripts } from '../turn-scripts.ts';

export interface LanesReply {
  readonly nowMs: number;
  readonly load: number;
  readonly capacity: number;
  readonly workers: number;
  readonly lanes: readonly {
    lane: string;
    ready: number;
    inflight: number;
    nextTaskId: string;
    since: string;
  }[];
}

export interface TaskReply {
  readonly nowMs: number;
  /** v, lane, kind, attempts, cancel_requested, unleased_since. */
  readonly task: readonly string[] | undefined;
  readonly lease: string;
  readonly leaseMs: number;
  readonly marker: string;
  readonly told: string;
  readonly conversation: { state: string; turnId: string } | undefined;
  readonly place: string;
  readonly position: number;
  /** Log id, event, log id, event, ... */
  readonly events: readonly string[];
  readonly hasMore: boolean;
}

/** One claim; empty strings for what is not there. */
export interface ClaimReply {
  readonly taskId: string;
  readonly lane: UserType;
  readonly turnId: string;
  readonly conversationId: string;
  readonly attempts: number;
  readonly isCancelRequested: boolean;
  readonly fence: string;
  readonly isStarted: boolean;
}

export interface ReadTaskArguments extends Pick<
  MessageFields,
  'task_id' | 'turn_id' | 'conversation_id' | 'session_id' | 'lane' | 'user'
> {
  readonly reach: number;
}

/** The scripts of the console over one connection; their contracts are in `scripts/read-*.lua` and `order-worker.lua`. */
export function bindAdminScripts(connection: RedisConnection, prefix: string) {
  const library = loadTurnScripts();
  const call = { connection, prefix, isRepeatable: true };
  const readLanes = library.define<{ queue_factor: number; lanes: readonly string[] }, LanesReply>(
    'read-lanes',
    lanesReply,
  );
  const readTask = library.define<ReadTaskArguments, TaskReply>('read-task', taskReply);
  const readClaims = library.define<{ slices: readonly (string | number)[] }, ClaimReply[]>(
    'read-claims',
    (reply) => words(reply).map(claimReply),
  );
  const orderWorker = library.define<
    { worker_id: string; wanted: 'drain' | 'work' },
    Coded & { before: string }
  >('order-worker', (reply) => ({ code: codeOf(reply), before: wordOf(words(reply)[1]) }));
  return {
    readLanes: (args: Parameters<typeof readLanes>[1]) => readLanes(call, args),
    readClaims: (args: Parameters<typeof readClaims>[1]) => readClaims(call, args),
    readTask: (args: ReadTaskArguments) => readTask(call, args),
    orderWorker: (args: Parameters<typeof orderWorker>[1]) => orderWorker(call, args),
  };
}
export type AdminScripts = ReturnType<typeof bindAdminScripts>;

function lanesReply(reply: unknown): LanesReply {
  const [now, load, capacity, workers, ...lanes] = words(reply);
  return {
    nowMs: Number(now),
    load: Number(load),
    capacity: Number(capacity),
    workers: Number(workers),
    lanes: lanes.map((item) => {
      const [lane, ready, inflight, next, since] = words(item);
      return {
        lane: wordOf(lane),
        ready: Number(ready),
        inflight: Number(inflight),
        nextTaskId: wordOf(next),
        since: wordOf(since),
      };
    }),
  };
}

function claimReply(item: unknown): ClaimReply {
  const [taskId, lane, turnId, conversationId, attempts, cancel, fence, started] = words(item);
  return {
    taskId: wordOf(taskId),
    lane: wordOf(lane) as UserType,
    turnId: wordOf(turnId),
    conversationId: wordOf(conversationId),
    attempts: Number(attempts),
    isCancelRequested: wordOf(cancel) !== '',
    fence: wordOf(fence),
    isStarted: started === 1,
  };
}

function taskReply(reply: unknown): TaskReply {
  const [now, task, lease, leaseMs, marker, told, conversation, place, position, events, more] = words(reply);
  const fields = words(task).map(wordOf);
  const [state, turnId] = words(conversation).map(wordOf);
  return {
    nowMs: Number(now),
    task: fields.length === 0 ? undefined : fields,
    lease: wordOf(lease),
    leaseMs: Number(leaseMs),
    marker: wordOf(marker),
    told: wordOf(told),
    conversation: state === undefined ? undefined : { state, turnId: turnId ?? '' },
    place: wordOf(place),
    position: Number(position),
    events: words(events).map(wordOf),
    hasMore: more === 1,
  };
}
