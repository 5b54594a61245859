import { isEnvelope } from '@switchyard/client';
import type { StreamEvent } from '@switchyard/client';
import type { ConvStatus, ConversationItem } from '@switchyard/protocol';

/** What an event does to the list: a changed list, nothing, or a conversation that must be read first. */
export type ListChange =
  | { kind: 'changed'; items: readonly ConversationItem[] }
  | { kind: 'same' }
  | { kind: 'unknown' };

const SAME: ListChange = { kind: 'same' };

/** Keeps the list true without reading it again: state, title and order follow from the session's events. */
export function applyEventToList(items: readonly ConversationItem[], event: StreamEvent): ListChange {
  if (!isEnvelope(event.data)) return SAME;
  const { conversation, data = {}, type, timestamp } = event.data;
  const index = items.findIndex((item) => item.conversation_id === conversation.conversation_id);
  const item = items[index];
  if (event.event === 'conv_status') {
    const { state } = data as Partial<ConvStatus>;
    if (state === 'deleted')
      return item === undefined ? SAME : { kind: 'changed', items: items.toSpliced(index, 1) };
    if (item === undefined) return { kind: 'unknown' };
    if (state === undefined || state === item.state) return SAME;
    const next = { ...item, state, last_activity_at: timestamp };
    return { kind: 'changed', items: [next, ...items.toSpliced(index, 1)] };
  }
  const title = data['title'];
  if (type === 'chat.conversation.title' && typeof title === 'string') {
    return item === undefined
      ? { kind: 'unknown' }
      : { kind: 'changed', items: items.with(index, { ...item, title }) };
  }
  return SAME;
}

export type GroupName = 'pinned' | 'today' | 'yesterday' | 'earlier';

export interface ConversationGroup {
  name: GroupName;
  items: readonly ConversationItem[];
}

/** Pinned first, then by the reader's own days. Empty groups are left out; the order inside is the list's. */
export function groupConversations(
  items: readonly ConversationItem[],
  now: Date,
): readonly ConversationGroup[] {
  const today = new Date(now.getFullYear(), now.getMonth(), now.getDate()).getTime();
  const yesterday = new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1).getTime();
  const groups: Record<GroupName, ConversationItem[]> = { pinned: [], today: [], yesterday: [], earlier: [] };
  for (const item of items) {
    const at = Date.parse(item.last_activity_at);
    const name = item.pinned ? 'pinned' : at >= today ? 'today' : at >= yesterday ? 'yesterday' : 'earlier';
    groups[name].push(item);
  }
  const order: readonly GroupName[] = ['pinned', 'today', 'yesterday', 'earlier'];
  return order.filter((name) => groups[name].length > 0).map((name) => ({ name, items: groups[name] }));
}
