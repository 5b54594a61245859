import { failpoint, sleep } from '@switchyard/kernel';
import type { ChatEnvelope } from '@switchyard/protocol';
import { timingOf } from './claimed-task.ts';
import type { Completion } from './completion.ts';
import { createEffectLog } from './effect-log.ts';
import { decideOutcome } from './decide-outcome.ts';
import type { Work } from './decide-outcome.ts';
import { endHeldTurn } from './end-held-turn.ts';
import type { Held } from './lease-renewal.ts';
import { createMailbox } from './mailbox.ts';
import { ScriptResult } from './script-result.ts';
import { startTurn } from './start-turn.ts';
import { TurnAbort } from './turn-abort.ts';
import { createTurnEmitter } from './turn-emitter.ts';
import type { PreparedTurn, RunningTurn, TurnExecutor } from './turn-types.ts';
import { decideLimits, startWatchdog } from './watchdog.ts';
import type { WatchdogLimits } from './watchdog.ts';
import type { WorkerParts } from './worker-parts.ts';

export interface ExecutionOptions extends WorkerParts {
  readonly executor: TurnExecutor;
  readonly completion: Completion;
  /** Aborts when the worker takes no more work: what has not started goes back. Read for each task. */
  readonly draining: AbortSignal;
  /** Postgres is away: claim nothing for a while. */
  readonly onUnavailable: () => void;
}

/** One claimed task from prepare to finish (02, steps 3 to 5). Resolves when its slot is free; rejects only on defects. */
export type Execution = (held: Held) => Promise<void>;

export function createExecution(options: ExecutionOptions): Execution {
  const { scripts, completion } = options;

  const release = async ({ task }: Held): Promise<void> => {
    failpoint('turns.release.before-script');
    const { code } = await scripts.release({ task_id: task.taskId, lane: task.lane, fence: task.fence });
    failpoint('turns.release.after-script');
    if (code === ScriptResult.Epoch) options.onEpoch();
  };

  return async (held) => {
    const { draining } = options;
    const prepared = await prepareTurn(options, held, draining);
    if (held.isLost()) return;
    if (prepared === 'draining' || draining.aborted) return release(held);
    const verdict = await startTurn(options, completion, held, prepared.recovery === 'retryIfSilent');
    if (verdict === 'unavailable') {
      options.onUnavailable();
      return release(held);
    }
    if (verdict === 'run') await runTurn(options, held, prepared);
  };
}

/** Before the start, and without effects: may be thrown away at any moment. */
async function prepareTurn(
  options: ExecutionOptions,
  held: Held,
  draining: AbortSignal,
): Promise<PreparedTurn | 'draining'> {
  const aborted = new AbortController();
  const over = new Promise<'draining'>((resolve) => {
    const end = () => resolve('draining');
    const settings = { once: true, signal: aborted.signal };
    if (draining.aborted || held.isLost()) end();
    draining.addEventListener('abort', end, settings);
    // Only a lost lease ends it here; a cancelled turn starts and is refused by its start.
    void held.lost.then(end);
  });
  const prepare = async (): Promise<PreparedTurn> => {
    try {
      return await options.executor.prepare(held.task, held.signal);
    } catch (error) {
      return () => Promise.reject(error instanceof Error ? error : new Error(String(error)));
    }
  };
  try {
    return await Promise.race([prepare(), over]);
  } finally {
    aborted.abort();
  }
}

async function runTurn(options: ExecutionOptions, held: Held, prepared: PreparedTurn): Promise<void> {
  const effects = createEffectLog(options, held, prepared.recovery === 'retryIfSilent');
  const emitter = createTurnEmitter(options, held, effects);
  const limits = decideLimits(options.config, prepared.limits);
  const watchdog = startWatchdog(options, held, limits, emitter.lastEventAt);
  let isOpen = true;
  const mailbox = createMailbox(options, held, effects, () => isOpen);
  const turn: RunningTurn = {
    task: held.task,
    fence: held.task.fence,
    timing: timingOf(held.task, options.clock),
    signal: held.signal,
    emit: emitter.emit,
    peek: mailbox.peek,
    take: mailbox.take,
    noteEffect: effects.note,
  };
  const work = await workUntilOver(prepared, turn, options.config.abortGrace);
  watchdog.stop();
  isOpen = false;
  await Promise.race([emitter.close(), held.lost]);
  if (held.isLost()) return;
  if (effects.isSilent() && hasCrashed(work, held) && (await runAgain(options, held))) return;
  await endTurn(options, held, work, {
    limits,
    answerText: emitter.answerText,
    hasOpenFold: mailbox.hasOpenFold,
  });
}

/** What the executor made of it; `too_late` when it did not come to an end in the grace after an abort. */
async function workUntilOver(prepared: PreparedTurn, turn: RunningTurn, graceMs: number): Promise<Work> {
  const run = async (): Promise<Work> => {
    try {
      return { outcome: await prepared(turn) };
    } catch (error) {
      return { error };
    }
  };
  const done = new AbortController();
  const tooLate = new Promise<Work>((resolve) => {
    const begin = () => {
      sleep(graceMs, done.signal).then(
        () => resolve('too_late'),
        () => undefined,
      );
    };
    if (turn.signal.aborted) begin();
    else turn.signal.addEventListener('abort', begin, { once: true, signal: done.signal });
  });
  try {
    return await Promise.race([run(), tooLate]);
  } finally {
    done.abort();
  }
}

function closingsOf(work: Work): readonly ChatEnvelope[] {
  const outcome = work !== 'too_late' && 'outcome' in work ? work.outcome : undefined;
  return outcome?.status === 'completed' ? (outcome.closings ?? []) : [];
}

function hasCrashed(work: Work, held: Held): boolean {
  const outcome = work !== 'too_late' && 'outcome' in work ? work.outcome : undefined;
  return outcome?.status === 'failed' && outcome.hasCrashed === true && !held.signal.aborted;
}

/** Its host died in silence: the row goes back to `queued`, then the task to its lane. False: it ends as it is. */
async function runAgain(options: ExecutionOptions, { task }: Held): Promise<boolean> {
  try {
    const row = await options.rows.retry(task.turnId, task.fence);
    if (row === undefined) return false;
    options.log.warn('a turn whose host died runs again', { turn_id: task.turnId, task_id: task.taskId });
    await options.completion.requeue(row, { fence: task.fence });
    return true;
  } catch (error) {
    // Not known whether the row went back: its end finds out, and if it did the reaper finds the claim.
    options.log.warn('a turn could not be run again', { turn_id: task.turnId, error });
    return false;
  }
}

async function endTurn(
  options: ExecutionOptions,
  held: Held,
  work: Work,
  run: { limits: WatchdogLimits; answerText(): string; hasOpenFold(): boolean },
): Promise<void> {
  const { task } = held;
  const reason = held.signal.reason instanceof TurnAbort ? held.signal.reason.reason : undefined;
  if (work !== 'too_late' && 'error' in work && reason === undefined) {
    options.log.warn('a turn failed', { turn_id: task.turnId, task_id: task.taskId, error: work.error });
  }
  const end = decideOutcome(work, reason, run.answerText(), run.limits);
  const endRow = async () => {
    failpoint('turns.end.before-row');
    const state = await options.rows.end({ turnId: task.turnId, fence: task.fence, ...end });
    failpoint('turns.end.after-row');
    return state;
  };
  await endHeldTurn(options, held, endRow, (ended) =>
    options.completion.finish(task.payload, task.fence, ended, held.isLost, {
      mayHaveFolded: run.hasOpenFold(),
      closings: closingsOf(work),
    }),
  );
}
