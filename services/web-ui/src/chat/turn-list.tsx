import { isLive, isUnacked } from '@switchyard/client';
import type { TurnView } from '@switchyard/client';
import { ArrowDown } from 'lucide-react';
import { texts } from '../texts.ts';
import type { ConversationEntry } from '../session/chat-store.ts';
import { Announcer } from './announcer.tsx';
import { TurnItem } from './turn-item.tsx';
import { useFollowScroll } from './use-follow-scroll.ts';
import type { TurnActions } from './turn-actions.ts';

export function TurnList({ entry, actions }: { entry: ConversationEntry | undefined; actions: TurnActions }) {
  const turns = entry?.view.turns ?? [];
  const shown = turns.filter((turn, at) => !isWaitingFollowup(turn, turns, at));
  const last = turns.at(-1);
  // The reader's own new message is always shown, wherever they had scrolled to.
  const ownMessage = last !== undefined && isUnacked(last) ? last.messageId : undefined;
  const { viewport, content, onScroll, toEnd, isAtEnd } = useFollowScroll(entry, ownMessage);
  return (
    <div className="relative min-h-0 flex-1">
      <div
        ref={viewport}
        onScroll={onScroll}
        className="relative h-full overflow-x-hidden overflow-y-auto overscroll-contain"
        tabIndex={-1}
      >
        <div
          ref={content}
          className="mx-auto max-w-[calc(var(--measure)+40px)] px-4 pt-6 pb-10 sm:px-5 sm:pt-9"
        >
          {entry?.load === 'loading' ? (
            <TurnsSkeleton />
          ) : (
            <ol className="flex flex-col gap-10">
              {shown.map((turn) => (
                <TurnItem
                  key={turn.messageId ?? turn.turnId}
                  turn={turn}
                  isLast={turn === shown.at(-1)}
                  actions={actions}
                />
              ))}
            </ol>
          )}
        </div>
      </div>
      {!isAtEnd && (
        <button
          type="button"
          onClick={toEnd}
          aria-label={texts.turn.toEnd}
          className="absolute bottom-3 left-1/2 grid size-9 -translate-x-1/2 animate-[appear_120ms] place-items-center rounded-full border border-line-2 bg-card text-ink-2 shadow-float hover:text-ink"
        >
          <ArrowDown size={17} aria-hidden="true" />
        </button>
      )}
      <Announcer turns={turns} />
    </div>
  );
}

/** A message that waits behind a running answer stands above the field, not in the conversation. */
export function isWaitingFollowup(turn: TurnView, turns: readonly TurnView[], at: number): boolean {
  return turn.status === 'queued' && turns.slice(0, at).some(isLive);
}

function TurnsSkeleton() {
  return (
    <div aria-busy="true" className="flex animate-[appear_600ms_ease-in] flex-col gap-3">
      <div className="mb-6 ml-auto h-11 w-1/2 rounded-lg bg-paper-3" />
      {['w-full', 'w-11/12', 'w-4/5', 'w-1/2'].map((width) => (
        <div key={width} className={`h-3.5 rounded bg-paper-2 ${width}`} />
      ))}
    </div>
  );
}
