import { fileURLToPath } from 'node:url';
import { loadScripts } from '@switchyard/redis';
import type { RedisConnection, ScriptLibrary, ScriptRunner } from '@switchyard/redis';
import { isCode } from './script-result.ts';
import type { ScriptCode } from './script-result.ts';

/** What identifies a message to every script that tells or closes it. */
export interface MessageFields {
  readonly task_id: string;
  readonly turn_id: string;
  readonly conversation_id: string;
  readonly session_id: string;
  readonly stream_id: string;
  readonly user: string;
  readonly lane: string;
  readonly frag: string;
}
interface NewMessageFields extends MessageFields {
  readonly kind: string;
  readonly created: '0' | '1';
  readonly payload: string;
}
interface Now {
  readonly now_iso: string;
  readonly now_ms: number;
}
/** Only a rebuild names another run_id than that of its connection. */
interface Epoch {
  readonly run_id?: string;
}
export interface EnqueueArguments extends NewMessageFields, Now {
  readonly message: string;
  readonly target_turn_id: string;
  readonly threshold: number;
  readonly queue_factor: number;
  readonly user_limit: number;
  readonly mailbox_limit: number;
}
export interface RequeueArguments extends NewMessageFields, Now, Epoch {
  readonly fence: string;
  readonly side: 'LPUSH' | 'RPUSH';
}
export interface FinishArguments extends MessageFields, Now, Epoch {
  readonly fence: string;
  readonly message: string;
  readonly event: string;
  readonly data: string;
  readonly rest: 'idle' | 'error';
  readonly completion: string;
  readonly is_rebuild: '0' | '1';
}
export interface EmitArguments {
  readonly task_id: string;
  readonly fence: string;
  readonly turn_id: string;
  readonly conversation_id: string;
  readonly session_id: string;
  readonly snapshot_mode: 'none' | 'set' | 'append';
  readonly snapshot_text: string;
  readonly snapshot_ms: number;
  readonly events: readonly (string | number)[];
}

export interface RawTask {
  readonly taskId: string;
  readonly fence: string;
  readonly attempts: number;
  readonly isNewConversation: boolean;
  readonly lane: string;
  readonly payload: string;
  /** Only of suspects: its started marker exists. */
  readonly isStarted: boolean;
}
interface Coded {
  readonly code: ScriptCode;
}
export interface Closed extends Coded {
  readonly promotedTaskId: string;
  readonly droppedTurnIds: readonly string[];
}
export interface EnqueueReply extends Coded {
  /** Raw words after the code, as the script's header says. */
  readonly words: readonly string[];
}

type Raw = readonly unknown[];

function words(reply: unknown): Raw {
  if (!Array.isArray(reply)) throw new TypeError('a script answered something that is no list');
  return reply;
}

function codeOf(reply: unknown): ScriptCode {
  const code = words(reply)[0];
  if (!isCode(code)) throw new TypeError(`a script answered an unknown code: ${String(code)}`);
  return code;
}

const coded = (reply: unknown): Coded => ({ code: codeOf(reply) });

function rawTask(item: unknown): RawTask {
  const [taskId, fence, attempts, created, lane, payload, started] = words(item);
  return {
    taskId: String(taskId),
    fence: String(fence),
    attempts: Number(attempts),
    isNewConversation: created === '1',
    lane: String(lane),
    payload: String(payload),
    isStarted: started === 1,
  };
}

function closed(reply: unknown): Closed {
  const [, promoted, ...dropped] = words(reply);
  return { code: codeOf(reply), promotedTaskId: String(promoted ?? ''), droppedTurnIds: dropped.map(String) };
}

export function loadTurnScripts(): ScriptLibrary {
  return loadScripts(fileURLToPath(new URL('scripts/', import.meta.url)));
}

/** The scripts of this room over one connection. Those marked once are not asked again when the connection breaks. */
export function bindTurnScripts(library: ScriptLibrary, connection: RedisConnection, prefix: string) {
  const bind = <Arguments extends object, Reply>(name: string, decode: (reply: unknown) => Reply, isRepeatable = true) => {
    const run: ScriptRunner<Arguments, Reply> = library.define(name, decode);
    return (args: Arguments, limitMs?: number) =>
      run({ connection, prefix, isRepeatable, ...(limitMs === undefined ? {} : { limitMs }) }, args);
  };
  const once = false;
  const tasksAfter = (skip: number) => (reply: unknown) => words(reply).slice(skip).map(rawTask);
  return {
    enqueue: bind<EnqueueArguments, EnqueueReply>('enqueue', (reply) => ({
      code: codeOf(reply),
      words: words(reply).slice(1).map(String),
    })),
    requeue: bind<RequeueArguments, Coded>('requeue', coded),
    claim: bind<
      { worker_id: string; counter: number; lease_ms: number; wanted: number; position: number; cycle: readonly string[] },
      Coded & { position: number; tasks: RawTask[] }
    >('claim', (reply) => ({ ...coded(reply), position: Number(words(reply)[1] ?? 0), tasks: tasksAfter(2)(reply) }), once),
    adopt: bind<{ task_id: string; lane: string; fence: string; lease_ms: number }, Coded & { task: RawTask | undefined }>(
      'adopt',
      (reply) => ({ ...coded(reply), task: tasksAfter(1)(reply)[0] }),
      once,
    ),
    renew: bind<
      { lease_ms: number; marker_ms: number; held: readonly string[] },
      Coded & { lost: readonly string[]; cancelled: readonly string[] }
    >('renew', (reply) => {
      const [, lost = [], cancelled = []] = words(reply);
      return { ...coded(reply), lost: words(lost).map(String), cancelled: words(cancelled).map(String) };
    }),
    start: bind<
      Pick<MessageFields, 'task_id' | 'turn_id' | 'conversation_id' | 'session_id' | 'stream_id'> & {
        fence: string;
        marker_ms: number;
        events: readonly string[];
      },
      Coded
    >('start', coded),
    emit: bind<EmitArguments, Coded>('emit', coded),
    finish: bind<FinishArguments, Closed>('finish', closed),
    release: bind<{ task_id: string; lane: string; fence: string }, Coded>('release', coded),
    reap: bind<
      { reaper_id: string; counter: number; lease_ms: number; limit: number; lanes: readonly string[] },
      Coded & { suspects: RawTask[] }
    >('reap', (reply) => ({ ...coded(reply), suspects: tasksAfter(1)(reply) }), once),
    peek: bind<
      { task_id: string; fence: string; turn_id: string; conversation_id: string },
      Coded & { item: { taskId: string; payload: string } | undefined }
    >('peek', (reply) => {
      const [, taskId, payload] = words(reply);
      return { ...coded(reply), item: taskId === undefined ? undefined : { taskId: String(taskId), payload: String(payload) } };
    }),
    take: bind<
      {
        task_id: string;
        fence: string;
        conversation_id: string;
        item_id: string;
        item_turn_id: string;
        session_id: string;
        stream_id: string;
        user: string;
        event: string;
        data: string;
      },
      Coded
    >('take', coded),
    cancel: bind<MessageFields & Now & { data: string }, Closed>('cancel', closed),
    requestCancel: bind<{ task_id: string }, Coded>('request-cancel', coded),
    heartbeat: bind<
      {
        worker_id: string;
        slots: number;
        busy: number;
        draining: '0' | '1';
        version: string;
        last_poll_ms: number;
        life_ms: number;
      },
      number
    >('heartbeat', Number, once),
    openEpoch: bind<Epoch & { token: string; at_least: number }, Coded & { epoch: string }>('open-epoch', (reply) => ({
      ...coded(reply),
      epoch: String(words(reply)[1] ?? ''),
    })),
    closeEpoch: bind<{ token: string; server_run_id: string }, Coded>('close-epoch', coded),
  };
}
export type TurnScripts = ReturnType<typeof bindTurnScripts>;
