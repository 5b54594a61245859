import type { TurnView } from '@switchyard/client';
import { texts } from '../texts.ts';
import { isWaitingFollowup } from './turn-list.tsx';

/** Followups that wait behind the running answer, and what becomes of them. */
export function QueuedMessages({ turns }: { turns: readonly TurnView[] }) {
  const waiting = turns.filter((turn, at) => isWaitingFollowup(turn, turns, at));
  if (waiting.length === 0) return null;
  return (
    <ul aria-label={texts.turn.queued} className="mb-2 flex flex-col gap-1 px-3">
      {waiting.map((turn) => (
        <li
          key={turn.messageId ?? turn.turnId}
          className="flex animate-[rise_160ms_ease-out] items-baseline gap-2.5 text-sm text-ink-2"
        >
          <span className="signal translate-y-[-1px]" data-tone="run" aria-hidden="true" />
          <span className="shrink-0 font-medium text-ink">{texts.turn.queued}</span>
          <span className="min-w-0 truncate">“{turn.question}”</span>
          <span className="hidden shrink-0 text-ink-3 sm:inline">{texts.turn.queuedHow}</span>
        </li>
      ))}
    </ul>
  );
}
