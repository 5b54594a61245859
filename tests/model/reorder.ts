import type { Thread } from './gates.ts';
import { ScriptResult } from './turns-parts.ts';
import type { TurnRows, TurnScripts } from './turns-parts.ts';
import type { World } from './world.ts';

/** Calls in another order, made by wrapping them. */
export type Order =
  | 'enqueueBeforeRow'
  | 'startBeforeRow'
  | 'reaperTellsFirst'
  | 'takeBeforeRow'
  | 'finishBeforeRow'
  | 'emitsAfterFinish'
  | 'cancelTellsFirst'
  | 'effectNotNoted'
  /** Of the workers: nothing but an answer tells them that a lease is over. */
  | 'noOwnDeadline'
  /** Of a rebuild: it does not wait for a lease. */
  | 'noLeaseWait'
  /** Of Postgres: a start that was committed may be forgotten. */
  | 'startNotDurable';

interface Calls {
  readonly scripts: TurnScripts;
  readonly rows: TurnRows;
}

/** The calls of one process in the order of the bench: as they are, or against one rule. */
export function reorder(world: World, thread: Thread, calls: Calls): Calls {
  switch (world.bench.order) {
    case 'enqueueBeforeRow':
      return enqueueBeforeRow(calls);
    case 'startBeforeRow':
      return startBeforeRow(calls);
    case 'reaperTellsFirst':
      return thread.name.startsWith('RP') ? reaperTellsFirst(calls) : calls;
    case 'takeBeforeRow':
      return takeBeforeRow(calls);
    case 'finishBeforeRow':
      return thread.name.startsWith('W') ? finishBeforeRow(calls) : calls;
    case 'emitsAfterFinish':
      return emitsAfterFinish(calls);
    case 'cancelTellsFirst':
      return thread.name === 'C' ? cancelTellsFirst(calls) : calls;
    case 'effectNotNoted':
      return { ...calls, rows: { ...calls.rows, noteEffect: () => Promise.resolve(true) } };
    default:
      return calls;
  }
}

function enqueueBeforeRow({ scripts, rows }: Calls): Calls {
  let waiting: (() => Promise<unknown>) | undefined;
  return {
    scripts: {
      ...scripts,
      enqueue: async (args, limit) => {
        const reply = await scripts.enqueue(args, limit);
        await waiting?.();
        return reply;
      },
    },
    rows: {
      ...rows,
      insert: (task) => {
        waiting = () => rows.insert(task);
        return Promise.resolve({
          user_id: task.user.user_id,
          message_id: task.message_id,
          turn_id: task.turn_id,
          seq: 1,
          status: 'queued',
          folded_into: null,
          request: { ...task, conversation_created: true },
          version: '0',
          is_new: true,
        });
      },
    },
  };
}

function startBeforeRow({ scripts, rows }: Calls): Calls {
  const waiting = new Map<string, () => Promise<unknown>>();
  const settle = async (turnId: string): Promise<void> => {
    await waiting.get(turnId)?.();
    waiting.delete(turnId);
  };
  return {
    scripts: {
      ...scripts,
      emit: async (args) => {
        await settle(args.turn_id);
        return scripts.emit(args);
      },
    },
    rows: {
      ...rows,
      start: (input) => {
        waiting.set(input.turnId, () => rows.start(input));
        const state = { turn_id: input.turnId, status: 'running' as const, fence: input.fence };
        return Promise.resolve({ ...state, folded_into: null, answer: null, error: null, is_changed: true });
      },
    },
  };
}

/** What the marker says is told; the row learns of it afterwards. */
function reaperTellsFirst({ scripts, rows }: Calls): Calls {
  const waiting = new Map<string, () => Promise<unknown>>();
  return {
    scripts: {
      ...scripts,
      finish: async (args) => {
        const reply = await scripts.finish(args);
        await waiting.get(args.turn_id)?.();
        return reply;
      },
    },
    rows: {
      ...rows,
      settle: async (input) => {
        const row = await rows.read(input.turnId);
        if (row === undefined || input.startedFence === '') return row;
        waiting.set(input.turnId, () => rows.settle(input));
        return { ...row, status: 'interrupted', error: input.interrupted };
      },
    },
  };
}

function takeBeforeRow({ scripts, rows }: Calls): Calls {
  let waiting: (() => Promise<unknown>) | undefined;
  return {
    scripts: {
      ...scripts,
      take: async (args) => {
        const reply = await scripts.take(args);
        if (reply.code === ScriptResult.Ok) await waiting?.();
        return reply;
      },
    },
    rows: {
      ...rows,
      fold: (turnId, into) => {
        waiting = () => rows.fold(turnId, into);
        const state = {
          turn_id: turnId,
          status: 'folded' as const,
          fence: into.fence,
          folded_into: into.turnId,
        };
        return Promise.resolve({ ...state, answer: null, error: null, is_changed: true });
      },
    },
  };
}

function finishBeforeRow({ scripts, rows }: Calls): Calls {
  let waiting: (() => Promise<unknown>) | undefined;
  return {
    scripts: {
      ...scripts,
      finish: async (args) => {
        const reply = await scripts.finish(args);
        await waiting?.();
        return reply;
      },
    },
    rows: {
      ...rows,
      end: (input) => {
        waiting = () => rows.end(input);
        const { turnId, fence, status, error } = input;
        return Promise.resolve({
          turn_id: turnId,
          fence,
          status,
          answer: null,
          error,
          folded_into: null,
          is_changed: true,
        });
      },
    },
  };
}

/** What is emitted leaves when there is time. */
function emitsAfterFinish({ scripts, rows }: Calls): Calls {
  let waiting: (() => Promise<unknown>) | undefined;
  return {
    rows,
    scripts: {
      ...scripts,
      emit: (args) => {
        waiting = () => scripts.emit(args);
        return Promise.resolve({ code: ScriptResult.Ok });
      },
      finish: async (args) => {
        const reply = await scripts.finish(args);
        await waiting?.();
        return reply;
      },
    },
  };
}

function cancelTellsFirst({ scripts, rows }: Calls): Calls {
  let waiting: (() => Promise<unknown>) | undefined;
  return {
    scripts: {
      ...scripts,
      cancel: async (args) => {
        const reply = await scripts.cancel(args);
        await waiting?.();
        return reply;
      },
    },
    rows: {
      ...rows,
      cancel: async (turnIds, error) => {
        waiting = () => rows.cancel(turnIds, error);
        const found = await Promise.all(turnIds.map((turnId) => rows.read(turnId)));
        return found.flatMap((row) => (row === undefined ? [] : [{ ...row, status: 'cancelled', error }]));
      },
    },
  };
}
