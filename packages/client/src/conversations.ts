import type {
  CancelAnswer,
  ConversationDetails,
  ConversationList,
  ConversationPatch,
  SearchAnswer,
} from '@switchyard/protocol';
import type { Reaction } from './conversation-view.ts';
import type { Requester } from './request.ts';

export interface Scope {
  tenant: string;
  project: string;
}

export interface ListOptions {
  /** At most so many, newest activity first. */
  lastN?: number;
  days?: number;
  cursor?: string | undefined;
  archived?: boolean;
  signal?: AbortSignal | undefined;
}

export interface Conversations {
  list(options?: ListOptions): Promise<ConversationList>;
  /** Turns with their contents, and the log position that a stream goes on from without a gap. */
  fetch(
    conversationId: string,
    options?: { turnIds?: string[]; signal?: AbortSignal },
  ): Promise<ConversationDetails>;
  /** The same without contents. */
  details(conversationId: string): Promise<ConversationDetails>;
  change(conversationId: string, patch: ConversationPatch): Promise<void>;
  rename(conversationId: string, title: string): Promise<void>;
  /** Removes it for good. `keepalive` lets the request outlive the page. */
  remove(conversationId: string, options?: { keepalive?: boolean }): Promise<void>;
  feedback(conversationId: string, turnId: string, reaction: Reaction | null, text?: string): Promise<void>;
  search(query: string, options?: { limit?: number; signal?: AbortSignal }): Promise<SearchAnswer>;
  export(conversationId: string, format: 'md' | 'json'): Promise<Blob>;
  /** Stops the running turn; queued followups stay unless `queued`. */
  cancel(conversationId: string, options?: { queued?: boolean }): Promise<CancelAnswer>;
}

const segment = encodeURIComponent;

export function createConversations(requester: Requester, scopeOf: () => Promise<Scope>): Conversations {
  async function base(): Promise<string> {
    const { tenant, project } = await scopeOf();
    return `/api/cb/conversations/${segment(tenant)}/${segment(project)}`;
  }
  async function one(conversationId: string): Promise<string> {
    return `${await base()}/${segment(conversationId)}`;
  }
  async function change(conversationId: string, patch: ConversationPatch): Promise<void> {
    await requester.open(await one(conversationId), { method: 'PATCH', body: patch, retries: 1 });
  }

  return {
    change,
    rename: (conversationId, title) => change(conversationId, { title }),
    async list(options = {}) {
      const { lastN, days, cursor, archived, signal } = options;
      return requester.json(await base(), { query: { last_n: lastN, days, cursor, archived }, signal });
    },
    async fetch(conversationId, options = {}) {
      const body = {
        materialize: true,
        ...(options.turnIds === undefined ? {} : { turn_ids: options.turnIds }),
      };
      const path = `${await one(conversationId)}/fetch`;
      return requester.json(path, { method: 'POST', body, retries: 2, signal: options.signal });
    },
    async details(conversationId) {
      return requester.json(`${await one(conversationId)}/details`);
    },
    async remove(conversationId, options = {}) {
      const keepalive = options.keepalive ?? false;
      await requester.open(await one(conversationId), {
        method: 'DELETE',
        retries: keepalive ? 0 : 1,
        keepalive,
      });
    },
    async feedback(conversationId, turnId, reaction, text) {
      const path = `${await one(conversationId)}/turns/${segment(turnId)}/feedback`;
      await requester.open(path, {
        method: 'POST',
        body: text === undefined ? { reaction } : { reaction, text },
      });
    },
    async search(query, options = {}) {
      const body = { query, limit: options.limit ?? 20 };
      return requester.json(`${await base()}/search`, {
        method: 'POST',
        body,
        retries: 1,
        signal: options.signal,
      });
    },
    async export(conversationId, format) {
      const response = await requester.open(`${await one(conversationId)}/export`, { query: { format } });
      return response.blob();
    },
    async cancel(conversationId, options = {}) {
      const query = options.queued === true ? { queued: 1 } : {};
      const path = `/api/chat/conversations/${segment(conversationId)}/cancel`;
      return requester.json(path, { method: 'POST', body: {}, query, retries: 2 });
    },
  };
}
