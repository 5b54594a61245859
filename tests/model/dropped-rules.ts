import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadScripts } from '@switchyard/redis';
import type { ScriptLibrary } from '@switchyard/redis';
import type { Sql } from '@switchyard/store';
import type { Thread } from './gates.ts';
import { ScriptResult } from './turns-parts.ts';
import type { TurnRows, TurnScripts } from './turns-parts.ts';
import type { World } from './world.ts';

/** A piece of a script or of a statement, and what stands there without the rule. */
interface Patch {
  /** `finish.lua`, `include/tell.lua`; or the name of a statement. */
  readonly of: string;
  readonly from: string;
  readonly to: string;
}
/** Calls in another order, made by wrapping them. */
export type Order = 'enqueueBeforeRow' | 'startBeforeRow' | 'reaperTellsFirst' | 'takeBeforeRow';

/** A rule marked M, how to go without it, and where that shows. */
export interface DroppedRule {
  readonly name: string;
  /** Scenarios to search, in this order. */
  readonly scenarios: readonly string[];
  readonly scripts?: readonly Patch[];
  readonly statements?: readonly Patch[];
  readonly order?: Order;
  /** What the checker must say. */
  readonly finds: RegExp;
}

const CONVERSATION_BUSY = "redis.call('HGET', conv, 'state') == 'in_progress'";

export const DROPPED_RULES: readonly DroppedRule[] = [
  {
    name: 'told once',
    scenarios: ['cancelI'],
    scripts: [
      {
        of: 'include/tell.lua',
        from: "if not redis.call('SET', K.told(m.turn_id), event, 'NX', 'PX', TOLD_TTL_MS) then return false end",
        to: "redis.call('SET', K.told(m.turn_id), event, 'PX', TOLD_TTL_MS)",
      },
    ],
    finds: /TOLD-TWICE/,
  },
  {
    name: 'finish only under the fence',
    scenarios: ['stall'],
    scripts: [
      {
        of: 'finish.lua',
        from: "elseif redis.call('GET', K.lease(task_id)) ~= fence then",
        to: 'elseif false then',
      },
    ],
    finds: /FENCE/,
  },
  {
    name: 'emit only under the fence',
    scenarios: ['stall'],
    scripts: [
      {
        of: 'emit.lua',
        from: "if redis.call('GET', K.lease(task_id)) ~= fence then return { -2 } end",
        to: '',
      },
    ],
    finds: /FENCE|EVENT-ORDER/,
  },
  {
    name: 'start only under the fence',
    scenarios: ['stall'],
    scripts: [
      {
        of: 'start.lua',
        from: "if redis.call('GET', K.lease(task_id)) ~= fence then return { -2 } end",
        to: '',
      },
    ],
    finds: /FENCE|EVENT-ORDER/,
  },
  {
    name: 'the reaper takes only suspects',
    scenarios: ['plain'],
    scripts: [
      {
        of: 'reap.lua',
        from: "if not f[1] then return redis.call('HSET', key, 'unleased_since', string.format('%.0f', now)) end\n  if now - tonumber(f[1]) < tonumber(lease_ms) then return end",
        to: '',
      },
    ],
    finds: /SUSPECT|DEAD/,
  },
  {
    name: 'row before enqueue',
    scenarios: ['plain', 'crashW'],
    order: 'enqueueBeforeRow',
    finds: /LOST|ORDER|UNTOLD|AGREE|STUCK/,
  },
  {
    name: 'row before the start script',
    scenarios: ['wipeW'],
    order: 'startBeforeRow',
    finds: /RUN-TWICE|ORDER/,
  },
  {
    name: 'the reaper settles the row first',
    scenarios: ['crashW'],
    order: 'reaperTellsFirst',
    finds: /AGREE|STUCK/,
  },
  {
    name: 'a refused row is deleted only while it is queued',
    scenarios: ['resend'],
    statements: [
      {
        of: 'turns-delete-queued',
        from: "and status = 'queued' and xmin::text = $4",
        to: 'and $4::text is not null',
      },
    ],
    finds: /LOST|REFUSED-RAN/,
  },
  {
    name: 'leading steers are dropped',
    scenarios: ['steer'],
    scripts: [
      {
        of: 'include/close-conversation.lua',
        from: "if f[1] ~= 'message' or not follower then redis.call",
        to: 'if not follower then redis.call',
      },
      { of: 'include/close-conversation.lua', from: "if f[1] == 'message' then\n", to: 'if f[1] then\n' },
    ],
    finds: /STEER/,
  },
  {
    name: 'busy means that the conversation names a turn',
    scenarios: ['late'],
    scripts: [
      {
        of: 'include/place-task.lua',
        from: "if active and active ~= '' then",
        to: `if ${CONVERSATION_BUSY} then`,
      },
      {
        of: 'include/close-conversation.lua',
        from: "redis.call('HSET', conv, 'state', 'in_progress', 'turn_id', follower.turn_id",
        to: "redis.call('HSET', conv, 'state', rest == 'error' and 'error' or 'in_progress', 'turn_id', follower.turn_id",
      },
    ],
    finds: /OVERLAP|EVENT-ORDER|ORDER|STUCK/,
  },
  {
    name: 'exactly one followup, by the turn that the conversation names',
    scenarios: ['stall', 'three'],
    scripts: [
      {
        of: 'include/close-conversation.lua',
        from: "if current ~= m.turn_id and not (is_rebuild and current == '') then return '', {} end",
        to: '',
      },
      {
        of: 'finish.lua',
        from: "elseif redis.call('GET', K.lease(task_id)) ~= fence then",
        to: 'elseif false then',
      },
    ],
    finds: /FENCE|OVERLAP|ORDER|STUCK/,
  },
  {
    name: 'row before take',
    scenarios: ['take'],
    order: 'takeBeforeRow',
    finds: /AGREE|STUCK|RUN-TWICE|UNTOLD/,
  },
  {
    name: 'cancel only while it is queued',
    scenarios: ['cancel'],
    statements: [{ of: 'turns-cancel', from: "and status = 'queued'", to: '' }],
    finds: /AGREE|STUCK/,
  },
  {
    name: 'a row ends only under its fence',
    scenarios: ['stall'],
    statements: [
      {
        of: 'turns-end',
        from: "and turn.status = 'running' and turn.fence = old_fence",
        to: 'and old_fence is not null',
      },
    ],
    finds: /AGREE|STUCK|FENCE/,
  },
];

const SCRIPTS = fileURLToPath(new URL('../../packages/turns/src/scripts/', import.meta.url));

export const loadRealScripts = (): ScriptLibrary => loadScripts(SCRIPTS);

/** The scripts from a copy in which the rule is missing. */
export function loadPatchedScripts(patches: readonly Patch[]): ScriptLibrary {
  const dir = mkdtempSync(join(tmpdir(), 'switchyard-model-'));
  cpSync(SCRIPTS, dir, { recursive: true });
  for (const { of: file, from, to } of patches) {
    const text = readFileSync(join(dir, file), 'utf8');
    writeFileSync(join(dir, file), patched(text, file, from, to));
  }
  const library = loadScripts(dir);
  rmSync(dir, { recursive: true });
  return library;
}

/** The statements with another text for some. */
export function patchStatements(sql: Sql, patches: readonly Patch[]): Sql {
  return {
    ...sql,
    query: (statement) => {
      const patch = patches.find(({ of: name }) => name === statement.name);
      if (patch === undefined) return sql.query(statement);
      const text = patched(statement.text, patch.of, patch.from, patch.to);
      return sql.query({ ...statement, name: `${patch.of}-patched`, text });
    },
  };
}

/** A rule that is written in another way than here is no longer dropped: that must fail, not pass. */
function patched(text: string, what: string, from: string, to: string): string {
  if (!text.includes(from)) throw new Error(`${what} has no "${from}"`);
  return text.replace(from, to);
}

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
