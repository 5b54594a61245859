import type { TurnView } from '@switchyard/client';
import { FileText } from 'lucide-react';
import { memo } from 'react';
import { texts } from '../texts.ts';
import { Answer } from './answer.tsx';
import { formatBytes, formatClock } from './format.ts';
import type { TurnActions } from './turn-actions.ts';
import { TurnProblem } from './turn-problem.tsx';
import { WaitingMessage } from './waiting-message.tsx';

interface TurnItemProps {
  turn: TurnView;
  isLast: boolean;
  actions: TurnActions;
}

/** A message and its answer. Memoised: while one answer streams the others are not drawn again. */
export const TurnItem = memo(
  function TurnItem({ turn, isLast, actions }: TurnItemProps) {
    const isFolded = turn.status === 'folded';
    const isWaiting = turn.status === 'queued_offline';
    const hasAnswer = !isFolded && !isWaiting && turn.status !== 'unsent';
    return (
      <li className="turn" data-turn={turn.turnId} data-status={turn.status}>
        <Question turn={turn} />
        {isFolded && <p className="mt-1.5 text-right text-xs text-ink-3">{texts.turn.folded}</p>}
        {isWaiting && <WaitingMessage turn={turn} actions={actions} />}
        {turn.status === 'unsent' && <TurnProblem turn={turn} actions={actions} />}
        {hasAnswer && <Answer turn={turn} isLast={isLast} actions={actions} />}
      </li>
    );
  },
  (before, after) => before.turn === after.turn && before.isLast === after.isLast,
);

function Question({ turn }: { turn: TurnView }) {
  return (
    <div className="relative mb-6 flex flex-col items-end gap-1.5">
      <h2 className="sr-only">{texts.turn.you}</h2>
      {turn.attachments.length > 0 && (
        <ul className="flex flex-wrap justify-end gap-1.5">
          {turn.attachments.map((file) => (
            <li
              key={file.filename}
              className="flex items-center gap-2 rounded-md border border-line bg-card px-3 py-1.5 text-sm"
            >
              <FileText size={15} className="text-ink-3" aria-hidden="true" />
              <span className="max-w-[14rem] truncate">{file.filename}</span>
              <span className="text-xs text-ink-3 tabular">{formatBytes(file.size)}</span>
            </li>
          ))}
        </ul>
      )}
      <div
        className={`max-w-[min(36rem,88%)] rounded-[18px] rounded-br-[5px] bg-paper-3 px-4 py-2.5 break-words whitespace-pre-wrap ${turn.status === 'sending' ? 'opacity-70' : ''} ${turn.status === 'queued_offline' ? 'border border-dashed border-line-2 bg-transparent!' : ''}`}
      >
        {turn.question}
      </div>
      {/* Under a message that waits stands how it fares. */}
      {turn.createdAt !== undefined && turn.status !== 'queued_offline' && (
        <time
          dateTime={new Date(turn.createdAt).toISOString()}
          className="hover-time absolute top-full right-1 mt-0.5 text-xs text-ink-3 tabular"
        >
          {formatClock(turn.createdAt)}
        </time>
      )}
    </div>
  );
}
