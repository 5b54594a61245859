import { expect } from 'vitest';
import { buildEnvelope } from '../src/envelope.ts';
import type { RunningTurn, TurnExecutor, TurnOutcome } from '../src/turn-types.ts';
import type { Stage } from './stage.ts';

/** Runs what the test says, and lets it wait for the start. */
export function controlled(run: (turn: RunningTurn) => Promise<TurnOutcome>) {
  const started: RunningTurn[] = [];
  const executor: TurnExecutor = {
    prepare: () =>
      Promise.resolve((turn) => {
        started.push(turn);
        return run(turn);
      }),
  };
  return { executor, started };
}

export const untilAborted = (turn: RunningTurn): Promise<TurnOutcome> =>
  new Promise((_resolve, reject) =>
    turn.signal.addEventListener('abort', () => reject(turn.signal.reason as Error)),
  );

export const delta = (turn: RunningTurn, answerText: string) =>
  turn.emit({
    event: 'chat_delta',
    data: buildEnvelope(turn.task.payload, { type: 'chat.delta', step: 'stream', status: 'running' }, 0),
    answerText,
  });

export const ended = (stage: Stage, turnId: string) =>
  expect.poll(
    async () => (await stage.story(turnId)).filter((word) => /^(chat_complete|chat_error)/.test(word)),
    { timeout: 25_000 },
  );
