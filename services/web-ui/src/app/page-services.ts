import { createClient, decideRetryDelay, systemClientClock } from '@switchyard/client';
import type { Client, Outbox, StreamEvent, StreamState } from '@switchyard/client';
import { QueryClient } from '@tanstack/react-query';
import { ChatStore } from '../session/chat-store.ts';
import { PendingRemovals } from '../session/pending-removals.ts';
import { PersonTabs } from '../session/person-tabs.ts';
import { SessionFeed } from '../session/session-feed.ts';
import { createSessionStorage } from '../session/session-outbox.ts';
import type { SessionStorageOfMessages } from '../session/session-outbox.ts';
import { createLonelyTab, createSharedTabs } from '../session/tab-link.ts';
import type { TabLink } from '../session/tab-link.ts';
import { Notices } from '../widgets/notices.ts';
import { rereadList, updateListByEvent } from './list-cache.ts';
import { StateCell } from './state-cell.ts';

/** Everything that outlives a component, made once in `main.tsx`. */
export interface PageServices {
  client: Client;
  queries: QueryClient;
  feed: SessionFeed;
  chat: ChatStore;
  removals: PendingRemovals;
  /** Live updates of bundles, for the widgets that are open. */
  notices: Notices;
  connection: StateCell<StreamState>;
  outbox: Outbox;
  newId(): string;
  /** The server has said whose page this is. */
  began(sessionId: string): Promise<void>;
  signOut(): Promise<void>;
}

const UNDO_MS = 6_000;
/** Enough for a long conversation over a slow line; a connection that is half open takes for ever. */
const ANSWER_LIMIT_MS = 60_000;

/** One stream for all tabs of a session. Of another session, as of a guest who has signed in since, a tab has nothing to tell or to hear. */
function linkTabs(sessionId: string | undefined): TabLink {
  // Both need a secure context (https, or localhost); on plain http every tab keeps its own stream.
  if (sessionId === undefined || !('locks' in navigator) || typeof BroadcastChannel === 'undefined')
    return createLonelyTab();
  return createSharedTabs({
    locks: navigator.locks,
    channel: new BroadcastChannel(`switchyard.session:${sessionId}`),
    name: `switchyard.stream:${sessionId}`,
    isVisible: () => document.visibilityState === 'visible',
    now: () => performance.now(),
    every: (ms, tick) => {
      const timer = setInterval(tick, ms);
      return () => clearInterval(timer);
    },
  });
}

/** Frames for a page that is looked at; a timer for one that is not, which gets no frames. */
function schedule(flush: () => void): void {
  if (document.visibilityState === 'visible') requestAnimationFrame(flush);
  else setTimeout(flush, 100);
}

function isEnvelopeType(event: StreamEvent, type: string): boolean {
  return (
    typeof event.data === 'object' && event.data !== null && 'type' in event.data && event.data.type === type
  );
}

export function createPageServices(): PageServices {
  const newId = (): string => crypto.randomUUID();
  const client = createClient({ baseUrl: '' });
  const queries = new QueryClient({
    defaultOptions: { queries: { retry: false, staleTime: 30_000, refetchOnWindowFocus: false } },
  });
  const notices = new Notices();
  let isLeaving = false;
  const tabs = new PersonTabs({
    channel: typeof BroadcastChannel === 'undefined' ? undefined : new BroadcastChannel('switchyard.person'),
    // The stream may end with that page before it has brought the news, and this one would be another person's then.
    onSignedOut: () => (isLeaving ? undefined : void leave(outbox, messages, '/')),
    // Asked first: a browser that keeps no cookies is a new guest to the server each time, and its pages would chase each other for ever.
    onOther: (sessionId) =>
      void client.profile().then(
        (profile) => (!isLeaving && profile.session_id === sessionId ? window.location.reload() : undefined),
        () => undefined,
      ),
  });
  const connection = new StateCell<StreamState>({ status: 'connecting', since: Date.now() });
  const feed: SessionFeed = new SessionFeed({
    openLink: () => linkTabs(tabs.sessionId),
    now: () => Date.now(),
    openStream: ({ lastEventId, onEvent, onState }) =>
      client.stream({ follow: 'session', lastEventId, onEvent, onState }),
    onEvent: (event) => {
      // Signed out, here or in another tab: nothing of that person may stay in memory.
      if (isEnvelopeType(event, 'auth.signed_out'))
        return isLeaving ? undefined : void leave(outbox, messages, '/');
      chat.onEvent(event);
      notices.onEvent(event);
      updateListByEvent(queries, event);
    },
    onState: (state) => {
      // The way to the server stands again: what waits for it goes out now.
      if (state.status === 'open') {
        outbox.wake();
        if (connection.get().status !== 'open') notices.onReconnect();
      }
      connection.set(state);
    },
  });
  const chat: ChatStore = new ChatStore({
    client,
    feed: () => feed,
    now: () => Date.now(),
    outbox: () => outbox,
    schedule,
    pause: (failures) => systemClientClock.sleep(decideRetryDelay({ failures }, Math.random)),
    limit: () => AbortSignal.timeout(ANSWER_LIMIT_MS),
  });
  const messages = createSessionStorage({
    database: typeof indexedDB === 'undefined' ? undefined : indexedDB,
    locks: 'locks' in navigator ? navigator.locks : undefined,
    newId,
  });
  const outbox: Outbox = client.outbox({
    storage: messages,
    newKey: newId,
    isOnline: () => navigator.onLine,
    onChange: (item, ack) => chat.onOutbox(item, ack),
  });
  const signOut = async (): Promise<void> => {
    // This page knows where to go; the news of its own going must not lead it elsewhere.
    isLeaving = true;
    const to = await client.signOut().catch(() => '/');
    tabs.signedOut();
    await leave(outbox, messages, to);
  };
  const removals = new PendingRemovals({
    graceMs: UNDO_MS,
    remove: (conversationId, options) => client.conversations.remove(conversationId, options),
    onFailed: () => rereadList(queries),
    after: (ms, run) => {
      const timer = setTimeout(run, ms);
      return () => clearTimeout(timer);
    },
  });
  const began = async (sessionId: string): Promise<void> => {
    tabs.began(sessionId);
    // What a former page of this session could not send is taken up.
    await messages.keepFor(sessionId).catch(() => undefined);
    await outbox.open();
  };
  return { client, queries, feed, chat, removals, notices, connection, outbox, newId, began, signOut };
}

/** Signed out: neither memory nor disk keeps a word. */
async function leave(outbox: Outbox, messages: SessionStorageOfMessages, to: string): Promise<void> {
  // The server refuses what is sent now; what is refused would be kept.
  outbox.close();
  await messages.clear().catch(() => undefined);
  window.location.assign(to);
}

/** What the browser tells the page: it was away, it is online again, it is being closed. */
export function listenToPage({ feed, removals, queries, outbox }: PageServices): void {
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState !== 'visible') return;
    feed.wake();
    // A tab that was closed meanwhile may have left something.
    void outbox.open();
  });
  window.addEventListener('online', () => {
    feed.wake();
    outbox.wake();
  });
  window.addEventListener('pagehide', () => removals.flush());
  window.addEventListener('pageshow', (event) => {
    if (!event.persisted) return;
    feed.wake();
    void queries.invalidateQueries();
  });
}
