import type { StreamEvent } from '@switchyard/client';
import { isEnvelope } from '@switchyard/client';
import type { ConversationItem, ConversationList } from '@switchyard/protocol';

/**
 * The list of a guest. The server lists conversations for people who signed in; a guest's are his by his cookie, so this
 * browser remembers which they are. Titles and states are kept as the session's events tell them.
 */
export interface GuestList {
  read(): ConversationList;
  write(items: readonly ConversationItem[]): void;
}

const KEPT = 100;

export function createGuestList(storage: Pick<Storage, 'getItem' | 'setItem'>, sessionId: string): GuestList {
  const key = `switchyard.guest.${sessionId}`;
  function items(): ConversationItem[] {
    try {
      const known: unknown = JSON.parse(storage.getItem(key) ?? '[]');
      return Array.isArray(known) ? (known as ConversationItem[]) : [];
    } catch {
      return [];
    }
  }
  return {
    read: () => ({ user_id: '', next_cursor: null, items: items() }),
    write: (list) => {
      try {
        storage.setItem(key, JSON.stringify(list.slice(0, KEPT)));
      } catch {
        // A full or forbidden storage costs the list on reload; the conversations stay on the server.
      }
    },
  };
}

/** What an event of a conversation that is not on the list says of it. */
export function itemFromEvent(event: StreamEvent): ConversationItem | undefined {
  if (event.event !== 'conv_status' || !isEnvelope(event.data)) return undefined;
  const { conversation, timestamp } = event.data;
  return {
    conversation_id: conversation.conversation_id,
    title: null,
    started_at: timestamp,
    last_activity_at: timestamp,
    state: 'in_progress',
    bundle_id: conversation.bundle_id ?? '',
    pinned: false,
    archived: false,
  };
}
