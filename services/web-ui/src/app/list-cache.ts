import type { StreamEvent } from '@switchyard/client';
import { isEnvelope } from '@switchyard/client';
import type { ConversationItem, ConversationList, ConversationPatch, Profile } from '@switchyard/protocol';
import type { InfiniteData, QueryClient } from '@tanstack/react-query';
import { applyEventToList } from '../session/conversation-list.ts';
import { createGuestList, itemFromEvent } from '../session/guest-list.ts';
import type { GuestList } from '../session/guest-list.ts';
import { queryKeys } from './query-keys.ts';

type ListData = InfiniteData<ConversationList>;

/** A guest's list lives in this browser; everybody else's on the server. */
export function guestListOf(queries: QueryClient): GuestList | undefined {
  const profile = queries.getQueryData<Profile>(queryKeys.profile);
  return profile?.user_type === 'ANONYMOUS' ? createGuestList(localStorage, profile.session_id) : undefined;
}

function itemsOf(queries: QueryClient): readonly ConversationItem[] | undefined {
  return queries.getQueryData<ListData>(queryKeys.list)?.pages.flatMap((page) => page.items);
}

/** All pages are one list here: what changed stands on the first of them, so that nothing is shown twice. */
function show(queries: QueryClient, items: readonly ConversationItem[]): void {
  queries.setQueryData<ListData>(queryKeys.list, (known) => {
    const [first, ...others] = known?.pages ?? [];
    if (known === undefined || first === undefined) return known;
    return {
      ...known,
      pages: [{ ...first, items: [...items] }, ...others.map((page) => ({ ...page, items: [] }))],
    };
  });
  guestListOf(queries)?.write(items);
}

export function rereadList(queries: QueryClient): void {
  void queries.invalidateQueries({ queryKey: queryKeys.list });
}

/** Keeps the list true by an event of the session. */
export function updateListByEvent(queries: QueryClient, event: StreamEvent): void {
  if (event.event === 'resync') return rereadList(queries);
  const items = itemsOf(queries);
  if (items === undefined || !isEnvelope(event.data)) return;
  const change = applyEventToList(items, event);
  if (change.kind === 'changed') return show(queries, change.items);
  if (change.kind === 'same') return;
  const isGuest = guestListOf(queries) !== undefined;
  const item = isGuest ? itemFromEvent(event) : undefined;
  if (item !== undefined) show(queries, [item, ...items]);
  else if (!isGuest) rereadList(queries);
}

/** Shows a change before the server has it. */
export function updateListByPatch(
  queries: QueryClient,
  conversationId: string,
  patch: ConversationPatch,
): void {
  const items = itemsOf(queries) ?? [];
  const { title, pinned } = patch;
  const change = { ...(title === undefined ? {} : { title }), ...(pinned === undefined ? {} : { pinned }) };
  show(
    queries,
    items.map((item) => (item.conversation_id === conversationId ? { ...item, ...change } : item)),
  );
}
