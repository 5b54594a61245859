import { PlatformError, failpoint, sleep } from '@switchyard/kernel';
import { buildEnvelope } from './envelope.ts';
import { timingOf } from './claimed-task.ts';
import type { Completion } from './completion.ts';
import { endHeldTurn } from './end-held-turn.ts';
import type { Held } from './lease-renewal.ts';
import { ScriptResult } from './script-result.ts';
import type { TurnState } from './sql/turn-row.ts';
import { CANCELLED, isEnded, LOST_WORKER } from './terminal-event.ts';
import { markerMs } from './worker-parts.ts';
import type { WorkerParts } from './worker-parts.ts';
import type { TurnErrorRecord } from './turn-types.ts';

/** `run`: the first line of the bundle is next. `over`: settled, or left to others. `unavailable`: Postgres is away, nothing begun. */
export type StartVerdict = 'run' | 'over' | 'unavailable';

const ROW_ATTEMPTS = 4;
const ROW_PAUSE_MS = 100;

/** Row `running` under the fence, then the script (02, step 3). Every other state that the row may be in has its own end. */
export async function startTurn(
  parts: WorkerParts,
  completion: Completion,
  held: Held,
  isSilent = false,
): Promise<StartVerdict> {
  const { task } = held;
  const finish = async (end: Parameters<Completion['finish']>[2]): Promise<StartVerdict> => {
    await completion.finish(task.payload, task.fence, end, held.isLost);
    return 'over';
  };
  for (let attempt = 1; ; attempt++) {
    if (held.isLost()) return 'over';
    failpoint('turns.start.before-row');
    const state = await startRow(parts, held, isSilent);
    if (state === 'unavailable') return 'unavailable';
    if (state === undefined) return finish(undefined);
    if (isEnded(state)) return finish(state);
    // A reply that was lost: the row is ours already.
    if (state.status === 'running' && state.fence === task.fence)
      return runStartScript(parts, completion, held);
    if (state.status === 'running') {
      // A fence that is not ours is dead only while the claim is ours; otherwise it is the one that took over.
      if (held.isLost()) return 'over';
      const row = await parts.rows.interrupt(task.turnId, state.fence ?? '', LOST_WORKER);
      failpoint('turns.start.after-interrupt');
      if (row !== undefined && isEnded(row)) return finish(row);
    }
    // It changed between the two halves of a statement: ask again, it can only have moved on.
    if (attempt === ROW_ATTEMPTS) throw PlatformError.of('INTERNAL', 'a turn row does not settle');
  }
}

async function startRow(
  parts: WorkerParts,
  held: Held,
  isSilent: boolean,
): Promise<TurnState | undefined | 'unavailable'> {
  const { task } = held;
  for (let attempt = 1; ; attempt++) {
    try {
      return await parts.rows.start({ turnId: task.turnId, fence: task.fence, isSilent });
    } catch (error) {
      if (!(error instanceof PlatformError) || error.code !== 'UNAVAILABLE') throw error;
      // The commit may have happened: the same fence asks again before the claim is given back.
      if (attempt === ROW_ATTEMPTS || held.isLost()) return 'unavailable';
      await sleep(ROW_PAUSE_MS * attempt);
    }
  }
}

async function runStartScript(parts: WorkerParts, completion: Completion, held: Held): Promise<StartVerdict> {
  const { task } = held;
  const { payload } = task;
  failpoint('turns.start.after-row');
  // The claim may be over since the row was asked for; the script checks it too, but this one knows the deadline.
  if (held.isLost()) return 'over';
  const { code } = await parts.scripts.start({
    task_id: task.taskId,
    fence: task.fence,
    turn_id: task.turnId,
    conversation_id: task.conversationId,
    session_id: payload.session_id,
    stream_id: payload.stream_id,
    marker_ms: markerMs(parts.config),
    events: firstEvents(parts, held),
  });
  const settle = async (
    status: 'cancelled' | 'interrupted',
    error: TurnErrorRecord,
  ): Promise<StartVerdict> => {
    const end = { turnId: task.turnId, fence: task.fence, status, answer: null, answerText: null, error };
    const endRow = async () => {
      const state = await parts.rows.end(end);
      failpoint('turns.start.after-refusal');
      return state;
    };
    await endHeldTurn(parts, held, endRow, (ended) =>
      completion.finish(payload, task.fence, ended, held.isLost),
    );
    return 'over';
  };
  switch (code) {
    case ScriptResult.Ok:
      failpoint('turns.start.after-script');
      return held.isLost() ? 'over' : 'run';
    case ScriptResult.Cancelled:
      return settle('cancelled', CANCELLED);
    case ScriptResult.Started:
      return settle('interrupted', LOST_WORKER);
    case ScriptResult.Epoch:
      parts.onEpoch();
      return 'over';
    default:
      held.lose('the start was fenced off');
      return 'over';
  }
}

/** `chat_step attachments?`, then `chat_start` (03 §3). */
function firstEvents(parts: WorkerParts, held: Held): string[] {
  const { payload, lane } = held.task;
  const nowMs = parts.clock.now();
  const waitedMs = Math.max(0, nowMs - payload.accepted_at);
  const started = buildEnvelope(
    payload,
    {
      type: 'chat.start',
      step: 'turn',
      status: 'started',
      data: { message: payload.message, queue_stats: { lane, waited_ms: waitedMs } },
      extra: { timing: timingOf(held.task, parts.clock) },
    },
    nowMs,
  );
  if (payload.attachments.length === 0) return ['chat_start', JSON.stringify(started)];
  const data = { items: payload.attachments };
  const attachments = buildEnvelope(
    payload,
    { type: 'chat.attachments', step: 'attachments', status: 'completed', data },
    nowMs,
  );
  return ['chat_step', JSON.stringify(attachments), 'chat_start', JSON.stringify(started)];
}
