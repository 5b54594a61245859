import { fileURLToPath } from 'node:url';
import { loadScripts } from '@switchyard/redis';
import type { RedisConnection, ScriptLibrary } from '@switchyard/redis';
import type * as Arguments from './script-arguments.ts';
import { closed, codeOf, coded, tasksAfter, wordOf, words } from './script-replies.ts';
import type { Closed, Coded, EnqueueReply, RawTask } from './script-replies.ts';

export function loadTurnScripts(): ScriptLibrary {
  return loadScripts(fileURLToPath(new URL('scripts/', import.meta.url)));
}

/** Those marked once are not asked again when the connection breaks: they hand something out. */
type Repeat = 'repeatable' | 'once';
type Bind = <A extends object, Reply>(
  name: string,
  decode: (reply: unknown) => Reply,
  repeat?: Repeat,
) => (args: A, limitMs?: number) => Promise<Reply>;

/** The scripts of this room over one connection, typed. Their contracts are in the headers of `scripts/*.lua`. */
export function bindTurnScripts(library: ScriptLibrary, connection: RedisConnection, prefix: string) {
  const bind: Bind = <A extends object, Reply>(
    name: string,
    decode: (reply: unknown) => Reply,
    repeat: Repeat = 'repeatable',
  ) => {
    const run = library.define<A, Reply>(name, decode);
    const call = { connection, prefix, isRepeatable: repeat === 'repeatable' };
    return (args: A, limitMs?: number) => run(limitMs === undefined ? call : { ...call, limitMs }, args);
  };
  return { ...laneScripts(bind), ...turnScripts(bind), ...mailboxScripts(bind), ...careScripts(bind) };
}
export type TurnScripts = ReturnType<typeof bindTurnScripts>;

function laneScripts(bind: Bind) {
  return {
    enqueue: bind<Arguments.EnqueueArguments, EnqueueReply>('enqueue', (reply) => ({
      code: codeOf(reply),
      words: words(reply).slice(1).map(wordOf),
    })),
    readAck: bind<{ user: string; message: string }, EnqueueReply>('read-ack', (reply) => ({
      code: codeOf(reply),
      words: words(reply).slice(1).map(wordOf),
    })),
    refuse: bind<{ task_id: string; turn_id: string }, Coded>('refuse', coded),
    requeue: bind<Arguments.RequeueArguments, Coded>('requeue', coded),
    claim: bind<Arguments.ClaimArguments, Coded & { position: number; tasks: RawTask[] }>(
      'claim',
      (reply) => ({ ...coded(reply), position: Number(words(reply)[1] ?? 0), tasks: tasksAfter(2)(reply) }),
      'once',
    ),
    adopt: bind<
      { task_id: string; lane: string; fence: string; lease_ms: number },
      Coded & { left: number; task: RawTask | undefined }
    >(
      'adopt',
      (reply) => ({ ...coded(reply), left: Number(words(reply)[1] ?? 0), task: tasksAfter(2)(reply)[0] }),
      'once',
    ),
    fillLanes: bind<{ users: readonly string[] }, Coded>('fill-lanes', coded),
    release: bind<{ task_id: string; lane: string; fence: string }, Coded>('release', coded),
  };
}

function turnScripts(bind: Bind) {
  return {
    renew: bind<
      { lease_ms: number; marker_ms: number; held: readonly string[] },
      Coded & { lost: readonly string[]; cancelled: readonly string[] }
    >('renew', (reply) => {
      const [, lost = [], cancelled = []] = words(reply);
      return { ...coded(reply), lost: words(lost).map(wordOf), cancelled: words(cancelled).map(wordOf) };
    }),
    start: bind<Arguments.StartArguments, Coded>('start', coded),
    emit: bind<Arguments.EmitArguments, Coded>('emit', coded),
    finish: bind<Arguments.FinishArguments, Closed>('finish', closed),
    cancel: bind<Arguments.CancelArguments, Closed>('cancel', closed),
    requestCancel: bind<{ task_id: string }, Coded>('request-cancel', coded),
  };
}

function mailboxScripts(bind: Bind) {
  return {
    peek: bind<
      { task_id: string; fence: string; turn_id: string; conversation_id: string },
      Coded & { item: { taskId: string; payload: string } | undefined }
    >('peek', (reply) => {
      const [, taskId, payload] = words(reply);
      const item = taskId === undefined ? undefined : { taskId: wordOf(taskId), payload: wordOf(payload) };
      return { ...coded(reply), item };
    }),
    waitingSteers: bind<
      Arguments.Epoch & { turn_id: string; conversation_id: string },
      Coded & { turnIds: readonly string[] }
    >('waiting-steers', (reply) => ({ ...coded(reply), turnIds: words(reply).slice(1).map(wordOf) })),
    take: bind<Arguments.TakeArguments, Coded>('take', coded),
  };
}

/** For those who look after the data. */
function careScripts(bind: Bind) {
  return {
    reap: bind<Arguments.ReapArguments, Coded & { nextMs: number; suspects: RawTask[] }>(
      'reap',
      (reply) => ({ ...coded(reply), nextMs: Number(words(reply)[1] ?? -1), suspects: tasksAfter(2)(reply) }),
      'once',
    ),
    heartbeat: bind<Arguments.HeartbeatArguments, { workers: number; ordered: string }>(
      'heartbeat',
      (reply) => ({ workers: Number(words(reply)[0]), ordered: wordOf(words(reply)[1]) }),
      'once',
    ),
    openEpoch: bind<Arguments.Epoch & { token: string; at_least: number }, Coded & { epoch: string }>(
      'open-epoch',
      (reply) => ({
        ...coded(reply),
        epoch: wordOf(words(reply)[1]),
      }),
    ),
    dropWorkKeys: bind<{ token: string; keys: readonly string[] }, Coded>('drop-work-keys', coded),
    closeEpoch: bind<{ token: string; server_run_id: string }, Coded>('close-epoch', coded),
  };
}
