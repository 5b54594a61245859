import type { Reaction, TurnView } from '@switchyard/client';
import { BookOpenText, RotateCcw, ThumbsDown, ThumbsUp } from 'lucide-react';
import { texts } from '../texts.ts';
import { CopyButton } from './copy-button.tsx';
import { formatClock, formatDuration } from './format.ts';
import { useSources } from './sources-context.tsx';
import type { TurnActions } from './turn-actions.ts';

export function AnswerTools({ turn, actions }: { turn: TurnView; actions: TurnActions }) {
  const { shown, show } = useSources();
  const { citations, turnId } = turn;
  const isOpen = shown?.turnId === turnId;
  return (
    <div className="mt-2.5 -ml-2 flex flex-wrap items-center gap-0.5">
      <CopyButton text={turn.answer} />
      <ReactionButton turn={turn} reaction="ok" actions={actions} />
      <ReactionButton turn={turn} reaction="not_ok" actions={actions} />
      {turn.status === 'completed' && (
        <button type="button" className="tool-button" onClick={() => actions.ask(turn.question)}>
          <RotateCcw size={14} aria-hidden="true" />
          <span className="max-sm:sr-only">{texts.turn.again}</span>
        </button>
      )}
      {citations.length > 0 && (
        <button
          type="button"
          className="tool-button"
          aria-expanded={isOpen}
          onClick={() => show(isOpen ? undefined : { turnId })}
        >
          <BookOpenText size={14} aria-hidden="true" />
          {texts.turn.sources(citations.length)}
        </button>
      )}
      <Times turn={turn} />
    </div>
  );
}

function ReactionButton({
  turn,
  reaction,
  actions,
}: {
  turn: TurnView;
  reaction: Reaction;
  actions: TurnActions;
}) {
  const isOn = turn.reaction === reaction;
  const Icon = reaction === 'ok' ? ThumbsUp : ThumbsDown;
  const label = reaction === 'ok' ? texts.turn.good : texts.turn.bad;
  return (
    <button
      type="button"
      className="tool-button"
      aria-pressed={isOn}
      aria-label={label}
      title={label}
      onClick={() => actions.react(turn.turnId, isOn ? undefined : reaction)}
    >
      <Icon size={14} aria-hidden="true" fill={isOn ? 'currentColor' : 'none'} />
    </button>
  );
}

/** When, and how long it took: there for who looks. */
function Times({ turn }: { turn: TurnView }) {
  if (turn.endedAt === undefined) return null;
  const took = turn.startedAt === undefined ? undefined : formatDuration(turn.endedAt - turn.startedAt);
  return (
    <span
      className="hover-time ml-1.5 text-xs text-ink-3 tabular"
      title={took === undefined ? undefined : texts.turn.took(took)}
    >
      {formatClock(turn.endedAt)}
      {took !== undefined && ` · ${took}`}
    </span>
  );
}
