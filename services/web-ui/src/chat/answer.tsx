import type { TurnView } from '@switchyard/client';
import { texts } from '../texts.ts';
import { AnswerText } from './answer-text.tsx';
import { AnswerTools } from './answer-tools.tsx';
import { AnswerTrack } from './answer-track.tsx';
import type { TurnActions } from './turn-actions.ts';
import { TurnProblem } from './turn-problem.tsx';

const ENDED_BADLY: ReadonlySet<TurnView['status']> = new Set(['failed', 'cancelled', 'interrupted']);

/** What led to the answer (folded), the answer, how it ended, what can be done with it. */
export function Answer({ turn, isLast, actions }: { turn: TurnView; isLast: boolean; actions: TurnActions }) {
  const isRunning = turn.status === 'running';
  const isOver = !isRunning && turn.status !== 'sending' && turn.status !== 'queued';
  return (
    <article aria-label={texts.turn.answer} aria-busy={!isOver}>
      <AnswerTrack turn={turn} />
      {turn.answer !== '' && <AnswerText turn={turn} isRunning={isRunning} />}
      {ENDED_BADLY.has(turn.status) && <TurnProblem turn={turn} actions={actions} />}
      {isOver && turn.answer !== '' && <AnswerTools turn={turn} actions={actions} />}
      {isOver && isLast && turn.followups.length > 0 && (
        <ul aria-label={texts.turn.followups} className="mt-3 flex flex-wrap gap-2">
          {turn.followups.map((text) => (
            <li key={text}>
              <button type="button" className="pill" onClick={() => actions.ask(text)}>
                {text}
              </button>
            </li>
          ))}
        </ul>
      )}
    </article>
  );
}
