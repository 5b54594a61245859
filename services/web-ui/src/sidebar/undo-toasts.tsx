import { useSyncExternalStore } from 'react';
import { usePage } from '../app/page-context.tsx';
import { texts } from '../texts.ts';

/** A line for each deletion that can still be taken back. */
export function UndoToasts() {
  const { removals } = usePage();
  const pending = useSyncExternalStore(removals.subscribe, removals.read);
  return (
    <div
      role="status"
      className="pointer-events-none fixed inset-x-0 bottom-[max(16px,env(safe-area-inset-bottom))] z-50 flex flex-col items-center gap-2 px-4"
    >
      {pending.map(({ conversationId, title }) => (
        <div
          key={conversationId}
          className="pointer-events-auto flex max-w-full animate-[rise_160ms_ease-out] items-center gap-3 rounded-md bg-ink py-1.5 pr-1.5 pl-4 text-sm text-paper shadow-float"
        >
          <span className="truncate">
            {texts.sidebar.removed}: {title}
          </span>
          <button
            type="button"
            onClick={() => removals.undo(conversationId)}
            className="rounded-sm px-3 py-1.5 font-semibold hover:bg-paper/15"
          >
            {texts.sidebar.undo}
          </button>
        </div>
      ))}
    </div>
  );
}
