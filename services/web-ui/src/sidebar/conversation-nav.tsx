import { useSyncExternalStore } from 'react';
import { useConversationList } from '../app/queries.ts';
import { usePage } from '../app/page-context.tsx';
import { groupConversations } from '../session/conversation-list.ts';
import { texts } from '../texts.ts';
import { ConversationRow } from './conversation-row.tsx';

const MINUTE_MS = 60_000;

/** The day it is, as text: a page that stays open over midnight regroups its list. */
function useToday(): string {
  return useSyncExternalStore(watchMinutes, () => new Date().toDateString());
}

function watchMinutes(look: () => void): () => void {
  const timer = setInterval(look, MINUTE_MS);
  return () => clearInterval(timer);
}

/** The list: pinned, today, yesterday, earlier. What is being deleted is off it already. */
export function ConversationNav() {
  const list = useConversationList();
  const { removals } = usePage();
  const removed = useSyncExternalStore(removals.subscribe, removals.read);
  const items = list.items.filter((item) => !removed.some((r) => r.conversationId === item.conversation_id));
  const groups = groupConversations(items, new Date(useToday()));
  return (
    <nav aria-label={texts.sidebar.label} className="-mx-1.5 mt-2 min-h-0 flex-1 overflow-y-auto px-1.5 pb-3">
      {list.isPending && <ListSkeleton />}
      {list.isError && (
        <p className="px-3 py-2 text-sm text-ink-3">
          {texts.sidebar.failed}{' '}
          <button type="button" onClick={list.reread} className="underline underline-offset-2 hover:text-ink">
            {texts.errors.reload}
          </button>
        </p>
      )}
      {!list.isPending && !list.isError && items.length === 0 && (
        <p className="px-3 py-3 text-sm text-pretty text-ink-3">{texts.sidebar.none}</p>
      )}
      {groups.map((group) => (
        <section key={group.name} aria-labelledby={`group-${group.name}`}>
          <h2 id={`group-${group.name}`} className="px-3 pt-4 pb-1 text-xs font-medium text-ink-3">
            {texts.sidebar[group.name]}
          </h2>
          <ul className="flex flex-col gap-px">
            {group.items.map((item) => (
              <ConversationRow key={item.conversation_id} item={item} />
            ))}
          </ul>
        </section>
      ))}
      {list.hasMore && (
        <button
          type="button"
          onClick={list.readMore}
          className="mt-2 w-full rounded-md px-3 py-2 text-left text-sm text-ink-2 hover:bg-paper-3"
        >
          {texts.sidebar.more}
        </button>
      )}
    </nav>
  );
}

function ListSkeleton() {
  return (
    <div aria-hidden="true" className="flex flex-col gap-3 px-3 pt-5">
      {['w-4/5', 'w-3/5', 'w-2/3'].map((width) => (
        <div key={width} className={`h-3 rounded bg-paper-3 ${width}`} />
      ))}
    </div>
  );
}
