import type { Conversations } from '@switchyard/store';

/** Which bundle answers a conversation; a conversation keeps the one that it began with (01 §5). */
export interface ConversationBundles {
  /** Undefined: the user has no such conversation. */
  of(userId: string, conversationId: string): Promise<string | undefined>;
}

const MAX_REMEMBERED = 10_000;

/**
 * Remembers what was found: it never changes, and whether the conversation still is the user's and there is checked again by the
 * statement that records the message. Saves the second and later messages a round trip.
 */
export function createConversationBundles(conversations: Pick<Conversations, 'find'>): ConversationBundles {
  const remembered = new Map<string, string>();
  return {
    async of(userId, conversationId) {
      const key = JSON.stringify([userId, conversationId]);
      const known = remembered.get(key);
      if (known !== undefined) return known;
      const bundleId = (await conversations.find(userId, conversationId))?.bundle_id;
      if (bundleId === undefined) return undefined;
      if (remembered.size >= MAX_REMEMBERED) remembered.clear();
      remembered.set(key, bundleId);
      return bundleId;
    },
  };
}
