import { useCallback, useEffect, useSyncExternalStore } from 'react';
import { usePage } from '../app/page-context.tsx';
import { preloadMarkdown } from './answer-text.tsx';
import type { ConversationEntry } from '../session/chat-store.ts';

/** A conversation as it is now, read and kept up to date while it is on the page. */
export function useConversation(conversationId: string | undefined): ConversationEntry | undefined {
  const { chat } = usePage();
  const subscribe = useCallback(
    (listener: () => void) =>
      conversationId === undefined ? () => undefined : chat.subscribe(conversationId, listener),
    [chat, conversationId],
  );
  useEffect(() => {
    if (conversationId === undefined) return;
    preloadMarkdown();
    void chat.open(conversationId);
  }, [chat, conversationId]);
  return useSyncExternalStore(subscribe, () =>
    conversationId === undefined ? undefined : chat.read(conversationId),
  );
}
