import type { TurnView } from '@switchyard/client';
import { CircleAlert, Pencil, RotateCcw, Square, Trash2 } from 'lucide-react';
import { describeProblem } from './describe-problem.ts';
import { texts } from '../texts.ts';
import type { TurnActions } from './turn-actions.ts';

/** What happened and what to do. */
export function TurnProblem({ turn, actions }: { turn: TurnView; actions: TurnActions }) {
  const { title, hint } = describeProblem(turn);
  const isCalm = turn.status === 'cancelled';
  const { messageId } = turn;
  const isUnsent = turn.status === 'unsent' && messageId !== undefined;
  const Icon = isCalm ? Square : CircleAlert;
  return (
    <div
      role={isCalm ? undefined : 'alert'}
      className={`mt-3 flex flex-wrap items-start gap-x-3 gap-y-2 rounded-md border px-3.5 py-2.5 text-sm ${isCalm ? 'border-line bg-paper-2' : 'border-stop/25 bg-stop-soft'}`}
    >
      <Icon
        size={16}
        aria-hidden="true"
        className={`mt-[3px] shrink-0 ${isCalm ? 'text-ink-3' : 'text-stop'}`}
      />
      <div className="min-w-0 flex-[1_1_200px]">
        <p className="font-medium text-pretty">{title}</p>
        {hint !== '' && <p className="mt-0.5 text-pretty text-ink-2">{hint}</p>}
      </div>
      <div className="-my-1 -mr-1 ml-auto flex shrink-0 justify-end gap-1">
        {isUnsent && (
          <>
            <button
              type="button"
              className="tool-button text-ink! hover:bg-card!"
              onClick={() => actions.discard(messageId)}
            >
              <Trash2 size={14} aria-hidden="true" /> {texts.turn.drop}
            </button>
            <button
              type="button"
              className="tool-button text-ink! hover:bg-card!"
              onClick={() => actions.edit(messageId)}
            >
              <Pencil size={14} aria-hidden="true" /> {texts.turn.editUnsent}
            </button>
          </>
        )}
        <button
          type="button"
          className="tool-button text-ink! hover:bg-card!"
          onClick={() => (isUnsent ? actions.resend(messageId) : actions.ask(turn.question))}
        >
          <RotateCcw size={14} aria-hidden="true" /> {texts.turn.again}
        </button>
      </div>
    </div>
  );
}
