import { PlatformError } from '@switchyard/kernel';
import type { Clock, Ids } from '@switchyard/kernel';
import type { AdminDeadLetters, AdminRetry, Attachment, TenantProject } from '@switchyard/protocol';
import type { Keys } from '@switchyard/redis';
import type { Sql } from '@switchyard/store';
import { runningLimitOf } from '../capacity-policy.ts';
import type { RunningLimits } from '../capacity-policy.ts';
import { newMessageFields, nowFields } from '../message-fields.ts';
import { ScriptResult, toTurnError } from '../script-result.ts';
import { readDeadLetters } from '../sql/admin-reads.ts';
import type { DeadLetterView } from '../sql/admin-reads.ts';
import { insertTurns } from '../sql/insert-turns.ts';
import type { InsertedTurn } from '../sql/insert-turns.ts';
import { settleDeadLetter } from '../sql/settle-dead-letter.ts';
import type { DeadLetterRow } from '../sql/settle-dead-letter.ts';
import { taskIdOfTurn } from '../task-id.ts';
import type { TurnRows } from '../turn-rows.ts';
import type { TurnScripts } from '../turn-scripts.ts';
import type { StoredTask } from '../turn-types.ts';

export interface DeadLetterParts {
  readonly sql: Sql;
  readonly rows: Pick<TurnRows, 'read'>;
  readonly scripts: Pick<TurnScripts, 'requeue'>;
  readonly keys: Keys;
  readonly scope: TenantProject;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly config: RunningLimits;
}

/** A retry with what its caller needs to keep the files of the message findable. */
export interface Retried {
  readonly answer: AdminRetry;
  readonly userId: string;
  readonly attachments: readonly Attachment[];
}

/** Those that nobody has decided about, newest first. */
export async function listDeadLetters(
  { sql, scope }: Pick<DeadLetterParts, 'sql' | 'scope'>,
  page: { before?: number | undefined; limit: number },
): Promise<AdminDeadLetters> {
  const items = await sql.query<DeadLetterView>(readDeadLetters(scope, page.before, page.limit));
  const last = items.length === page.limit ? items.at(-1) : undefined;
  return { items, next_before: last?.seq ?? null };
}

/**
 * Tries a dead message again. Its turn has ended and its client was told so once and for all (promise 4), so this is a new turn of the
 * same message; each names the other. In one transaction the dead row is taken (compare-and-set) and the new one written; then the new
 * one is enqueued as the reconciler would do it, without asking for room, because the message was accepted once. Whoever comes second
 * gets the turn of the first, and enqueues what a crash in between left behind.
 */
export async function retryDeadLetter(
  parts: DeadLetterParts,
  turnId: string,
  requestId: string,
): Promise<Retried> {
  const { row, isRepeat } = await takeForRetry(parts, turnId, requestId);
  await enqueueRetry(parts, row);
  const { turn_id, conversation_id, user, attachments } = row;
  return {
    answer: { status: 'retried', turn_id: turnId, retried_as: turn_id, conversation_id, is_repeat: isRepeat },
    userId: user.user_id,
    attachments,
  };
}

async function takeForRetry(
  { sql, rows, scope, ids, clock }: DeadLetterParts,
  turnId: string,
  requestId: string,
): Promise<{ row: StoredTask; isRepeat: boolean }> {
  const newTurnId = ids.turn();
  const taken = await sql.tx(async (inner) => {
    const end = { state: 'retried', retriedAs: newTurnId } as const;
    const dead = await settle(inner, scope, turnId, end);
    if (dead?.is_changed !== true) return dead;
    const again = retryOf(dead.request, newTurnId, { requestId, nowMs: clock.now() });
    const [inserted] = await inner.query<InsertedTurn>(insertTurns(scope, [again]));
    if (inserted !== undefined) return inserted.request;
    // Undoes the decision as well: a deleted conversation takes no more turns.
    throw refused('conversation_deleted', 'The conversation of this message was deleted.');
  });
  if (taken === undefined) throw PlatformError.of('NOT_FOUND');
  if (!('dead_letter' in taken)) return { row: taken, isRepeat: false };
  if (taken.dead_letter !== 'retried' || taken.retried_as === null) throw notRetryable(taken);
  const former = await rows.read(taken.retried_as);
  if (former === undefined) throw refused('retried', 'The message was tried again, and that turn is gone.');
  return { row: former.request, isRepeat: true };
}

const SETTLE_ATTEMPTS = 3;

/** Undefined: there is no such turn. `is_changed` false: it is as it stands, and the row says how. */
async function settle(
  sql: Pick<Sql, 'query'>,
  scope: TenantProject,
  turnId: string,
  end: Parameters<typeof settleDeadLetter>[2],
): Promise<DeadLetterRow | undefined> {
  for (let attempt = 1; ; attempt++) {
    const [row] = await sql.query<DeadLetterRow>(settleDeadLetter(scope, turnId, end));
    const isAsBefore = row?.is_changed === false && row.status === 'dead' && row.dead_letter === null;
    // Somebody else decided between the two halves of the statement, and it was read as it stood before: the next look says how.
    if (!isAsBefore || attempt === SETTLE_ATTEMPTS) return row;
  }
}

/** To the end of its lane, or behind the turn that its conversation runs. Does nothing where it is there, or over, already. */
async function enqueueRetry(
  { rows, scripts, keys, clock, config }: DeadLetterParts,
  row: StoredTask,
): Promise<void> {
  const state = await rows.read(row.turn_id);
  if (state?.status !== 'queued') return;
  const { code } = await scripts.requeue({
    ...newMessageFields(keys, row),
    ...nowFields(clock.now()),
    fence: '',
    side: 'LPUSH',
    running_limit: runningLimitOf(config, row.user.user_type),
  });
  if (code === ScriptResult.Epoch) throw toTurnError(code, 'requeue');
}

function retryOf(
  { conversation_created: _created, ingress_ms: _ingress, ...request }: StoredTask,
  turnId: string,
  now: { requestId: string; nowMs: number },
): Omit<StoredTask, 'conversation_created'> {
  return {
    ...request,
    turn_id: turnId,
    task_id: taskIdOfTurn(turnId),
    // Unique per user, so a second retry of the same turn could not become a row either.
    message_id: `retry.${request.turn_id}`,
    request_id: now.requestId,
    accepted_at: now.nowMs,
    // The stream that posted it is long gone: this goes to all of the session.
    stream_id: '',
    retry_of: request.turn_id,
  };
}

/** Nobody tries this message again. Its turn stays dead, and its client was told so. */
export async function dropDeadLetter(
  { sql, scope }: Pick<DeadLetterParts, 'sql' | 'scope'>,
  turnId: string,
): Promise<void> {
  const row = await settle(sql, scope, turnId, { state: 'dropped' });
  if (row === undefined) throw PlatformError.of('NOT_FOUND');
  if (!row.is_changed) throw notRetryable(row);
}

function notRetryable({ status, dead_letter: state }: DeadLetterRow): PlatformError {
  if (status !== 'dead') return refused('not_dead', 'This turn is not a dead letter.');
  return state === 'dropped'
    ? refused('dropped', 'This dead letter was dropped.')
    : refused('retried', 'This dead letter was tried again.');
}

function refused(why: string, text: string): PlatformError {
  return PlatformError.of('UNPROCESSABLE', text, { errorType: `dead_letter.${why}` });
}
