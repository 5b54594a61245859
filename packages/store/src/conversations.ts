import { PlatformError } from '@switchyard/kernel';
import type {
  ConversationItem,
  ConversationList,
  ConversationListQuery,
  ConversationPatch,
  ConversationStatus,
  TenantProject,
} from '@switchyard/protocol';
import {
  CHANGE_CONVERSATION,
  FIND_CONVERSATION,
  LIST_CONVERSATIONS,
  LIST_CONVERSATIONS_BY_ID,
  LIST_UNREMOVED,
  MARK_DELETED,
  OPEN_CONVERSATION,
  REMOVE_CONTENTS,
  SUGGEST_TITLE,
} from './conversation-sql.ts';
import { decodeCursor, encodeCursor } from './list-cursor.ts';
import { cleanText } from './sql-values.ts';
import type { Sql } from './sql.ts';

export interface OwnConversation extends ConversationItem {
  current_turn_id: string | null;
  session_id: string;
}

/** Conversations of one scope. Somebody else's and deleted ones are as not there: undefined, never an error of its own. */
export type Conversations = ReturnType<typeof createConversations>;

export function createConversations(sql: Sql, scope: TenantProject) {
  const { tenant, project } = scope;
  const first = async <R extends object>(statement: { name: string; text: string }, ...values: unknown[]) =>
    (await sql.query<R>({ ...statement, values: [tenant, project, ...values] }))[0];

  /** Pinned first, then by last activity. `next_cursor` is null on the last page. Throws INVALID_REQUEST for a bad cursor. */
  async function list(userId: string, query: ConversationListQuery): Promise<ConversationList> {
    const from = query.cursor === undefined ? undefined : decodeCursor(query.cursor);
    const position = [from?.pinned ?? null, from?.lastActivityAt ?? null, from?.conversationId ?? null];
    const filter = [query.archived, query.days ?? null, query.started_after ?? null];
    // One row more than asked for tells whether there is a next page.
    const values = [tenant, project, userId, ...filter, ...position, query.last_n + 1];
    const rows = await sql.query<ConversationItem>({ ...LIST_CONVERSATIONS, values });
    const items = rows.slice(0, query.last_n);
    const last = rows.length > query.last_n ? items.at(-1) : undefined;
    return {
      user_id: userId,
      items: query.include_titles ? items : items.map((item) => ({ ...item, title: null })),
      next_cursor: last === undefined ? null : cursorAfter(last),
    };
  }

  const find = (userId: string, conversationId: string) =>
    first<OwnConversation>(FIND_CONVERSATION, userId, conversationId);

  /** Like `find`, but throws NOT_FOUND. */
  async function own(userId: string, conversationId: string): Promise<OwnConversation> {
    const found = await find(userId, conversationId);
    if (found === undefined) throw PlatformError.of('NOT_FOUND');
    return found;
  }

  async function status(userId: string, conversationId: string): Promise<ConversationStatus> {
    const found = await own(userId, conversationId);
    const { conversation_id, state, last_activity_at, current_turn_id } = found;
    return { conversation_id, state, updated_at: last_activity_at, current_turn_id };
  }

  return {
    list,
    find,
    own,
    status,
    /** Of these ids, the caller's own, in no order. */
    listById: (userId: string, conversationIds: readonly string[]) =>
      sql.query<ConversationItem>({
        ...LIST_CONVERSATIONS_BY_ID,
        values: [tenant, project, userId, conversationIds],
      }),
    /** Takes a new id for the caller or touches an own one; undefined when it is somebody else's or deleted. */
    open: (conversation: { conversationId: string; userId: string; sessionId: string; bundleId: string }) =>
      first<{ bundle_id: string; title: string | null; created: boolean }>(
        OPEN_CONVERSATION,
        conversation.conversationId,
        conversation.userId,
        conversation.sessionId,
        conversation.bundleId,
      ),
    change: (userId: string, conversationId: string, patch: ConversationPatch) =>
      first<ConversationItem>(
        CHANGE_CONVERSATION,
        userId,
        conversationId,
        patch.title === undefined ? null : cleanText(patch.title),
        patch.pinned ?? null,
        patch.archived ?? null,
      ),
    /** A title that the user did not choose; ignored (undefined) where a user's, or a better one, stands. */
    suggestTitle: (conversationId: string, title: string, source: 'bundle' | 'message') =>
      first<{ title: string }>(SUGGEST_TITLE, conversationId, cleanText(title).slice(0, 200), source),
    /** From here on nobody sees it and no new turn enters. Contents stay until `removeContents`. */
    markDeleted: (userId: string, conversationId: string) =>
      first<{ session_id: string }>(MARK_DELETED, userId, conversationId),
    /** Removes turns, feedback and file rows of a deleted conversation. Repeating it does nothing. */
    async removeContents(conversationId: string): Promise<{ turns: number; files: number }> {
      return (
        (await first<{ turns: number; files: number }>(REMOVE_CONTENTS, conversationId)) ?? {
          turns: 0,
          files: 0,
        }
      );
    },
    /** Deleted conversations whose contents were not removed yet. */
    async listUnremoved(limit: number): Promise<string[]> {
      const rows = await sql.query<{ conversation_id: string }>({
        ...LIST_UNREMOVED,
        values: [tenant, project, limit],
      });
      return rows.map((row) => row.conversation_id);
    },
  };
}

function cursorAfter(item: ConversationItem): string {
  return encodeCursor({
    pinned: item.pinned,
    lastActivityAt: item.last_activity_at,
    conversationId: item.conversation_id,
  });
}
