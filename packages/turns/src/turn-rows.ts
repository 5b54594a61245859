import { PlatformError } from '@switchyard/kernel';
import type { ChatTaskPayload, TenantProject } from '@switchyard/protocol';
import { isTransient, isUnavailable } from '@switchyard/store';
import type { Sql, Statement } from '@switchyard/store';
import { createGroupWrites } from './group-writes.ts';
import { cancelTurns } from './sql/cancel-turns.ts';
import { deleteEmptyConversation, deleteQueuedTurn } from './sql/delete-queued-turn.ts';
import { endTurns } from './sql/end-turns.ts';
import type { EndInput } from './sql/end-turns.ts';
import { foldStops, foldTurn } from './sql/fold-turn.ts';
import { insertTurns } from './sql/insert-turns.ts';
import type { InsertedTurn } from './sql/insert-turns.ts';
import { interruptRunningTurns, interruptTurn } from './sql/interrupt-turns.ts';
import { readDeletedConversation, readFoldedTurnIds, readLiveTurns, readTurn } from './sql/read-turns.ts';
import {
  readEndedTurnIds,
  readEndedTurns,
  readRebuildFacts,
  readUnfinishedTurns,
} from './sql/reconcile-reads.ts';
import type { EndedTurn } from './sql/reconcile-reads.ts';
import { noteEffect, retryTurn } from './sql/retry-turn.ts';
import { settleTurn } from './sql/settle-turn.ts';
import type { SettleInput } from './sql/settle-turn.ts';
import { startTurns } from './sql/start-turns.ts';
import type { StartInput } from './sql/start-turns.ts';
import type { TurnRow, TurnState } from './sql/turn-row.ts';
import type { TurnErrorRecord } from './turn-types.ts';

/** Rows in one statement: at 50 Postgres writes ten times as many rows a second as one by one (02, measured). */
const MAX_GROUP = 50;
/** Of a statement that met another transaction crosswise (deadlock); each costs the second after which Postgres finds out. */
const TRANSIENT_ATTEMPTS = 3;

/** Table `turn` as this room speaks to it. Every change is a compare-and-set; UNAVAILABLE when Postgres is away. */
export function createTurnRows(sql: Sql, scope: TenantProject) {
  const ask = async <R extends object>(statement: Statement, attempt = 1): Promise<R[]> => {
    try {
      return await sql.query<R>(statement);
    } catch (error) {
      if (isUnavailable(error))
        throw PlatformError.of('UNAVAILABLE', undefined, { cause: error, retryAfterSec: 2 });
      // Nothing was written, and whoever held the other row has gone on: left at that, the turn would wait for its lease to end.
      if (isTransient(error) && attempt < TRANSIENT_ATTEMPTS) return ask(statement, attempt + 1);
      throw error;
    }
  };
  const first = async <R extends object>(statement: Statement): Promise<R | undefined> =>
    (await ask<R>(statement))[0];

  const insert = createGroupWrites<ChatTaskPayload, InsertedTurn | undefined>({
    maxSize: MAX_GROUP,
    keyOf: (task) => `${task.user.user_id}\n${task.message_id}`,
    run: async (tasks) => {
      const rows = await ask<InsertedTurn>(insertTurns(scope, tasks));
      const byMessage = new Map(rows.map((row) => [`${row.user_id}\n${row.message_id}`, row]));
      return tasks.map((task) => byMessage.get(`${task.user.user_id}\n${task.message_id}`));
    },
  });
  let starting: Promise<unknown> | undefined;
  const start = createGroupWrites<StartInput, TurnState | undefined>({
    maxSize: MAX_GROUP,
    keyOf: (input) => input.turnId,
    run: async (inputs) => {
      const rows = ask<TurnState>(startTurns(scope, inputs));
      starting = rows.catch(() => undefined);
      return byTurn(inputs, await rows);
    },
  });
  const end = createGroupWrites<EndInput, TurnState | undefined>({
    maxSize: MAX_GROUP,
    keyOf: (input) => input.turnId,
    // First words go first, and a start that is under way lets more ends gather.
    before: () => starting,
    run: async (inputs) => byTurn(inputs, await ask<TurnState>(endTurns(scope, inputs))),
  });

  return {
    /** Undefined: the conversation is somebody else's, or deleted. */
    insert,
    /** Undefined: there is no such row. */
    start,
    end,
    settle: (input: SettleInput) => first<TurnRow>(settleTurn(scope, input)),
    /** Those that were queued. */
    cancel: (turnIds: readonly string[], error: TurnErrorRecord) =>
      ask<TurnRow>(cancelTurns(scope, turnIds, error)),
    fold: (turnId: string, into: { turnId: string; fence: string }) =>
      first<TurnState>(foldTurn(scope, turnId, into)),
    /** Of these, those that are queued steers without words. */
    foldStops: (turnIds: readonly string[], into: string) =>
      ask<{ turn_id: string }>(foldStops(scope, turnIds, into)),
    interrupt: (turnId: string, fence: string, error: TurnErrorRecord) =>
      first<TurnRow>(interruptTurn(scope, turnId, fence, error)),
    /** Queued again after its host died; undefined: it may not run again. */
    retry: (turnId: string, fence: string) => first<TurnRow>(retryTurn(scope, turnId, fence)),
    /** Whether the fence holds: then, and only then, an effect may leave. */
    noteEffect: async (turnId: string, fence: string) =>
      (await first(noteEffect(scope, turnId, fence))) !== undefined,
    interruptRunning: (error: TurnErrorRecord) => ask<TurnRow>(interruptRunningTurns(scope, error)),
    /** Whether it was deleted. */
    deleteQueued: async (turnId: string, version: string) =>
      (await first(deleteQueuedTurn(scope, turnId, version))) !== undefined,
    /** A conversation without any turn is as if it had never been opened. */
    deleteConversationIfEmpty: (conversationId: string) =>
      sql.tx(async (inner) => {
        for (const statement of deleteEmptyConversation(scope, conversationId)) await inner.query(statement);
      }),
    read: (turnId: string) => first<TurnRow>(readTurn(scope, turnId)),
    /** Of a conversation. */
    isDeleted: async (conversationId: string) =>
      (await first(readDeletedConversation(scope, conversationId))) !== undefined,
    readLive: (conversationId: string, userId: string) =>
      ask<TurnRow>(readLiveTurns(scope, conversationId, userId)),
    readFolded: (turnId: string) =>
      ask<{ turn_id: string; is_stop: boolean }>(readFoldedTurnIds(scope, turnId)),
    readUnfinished: (ageMs: number, afterSeq: number, limit: number) =>
      ask<TurnRow>(readUnfinishedTurns(scope, ageMs, afterSeq, limit)),
    readEnded: (fromAgeMs: number, toAgeMs: number, limit: number, offset: number) =>
      ask<TurnRow>(readEndedTurns(scope, fromAgeMs, toAgeMs, limit, offset)),
    readEndedIds: (fromAgeMs: number, toAgeMs: number, limit: number, offset: number) =>
      ask<EndedTurn>(readEndedTurnIds(scope, fromAgeMs, toAgeMs, limit, offset)),
    readRebuildFacts: async () => {
      const facts = await first<{ seconds: number; live: number }>(readRebuildFacts(scope));
      return { seconds: facts?.seconds ?? 0, hasLiveTurns: (facts?.live ?? 0) > 0 };
    },
  };
}
export type TurnRows = ReturnType<typeof createTurnRows>;

function byTurn(
  inputs: readonly { turnId: string }[],
  rows: readonly TurnState[],
): (TurnState | undefined)[] {
  const found = new Map(rows.map((row) => [row.turn_id, row]));
  return inputs.map((input) => found.get(input.turnId));
}
