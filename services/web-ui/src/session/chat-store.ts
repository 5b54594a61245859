import {
  ApiError,
  addLocalTurn,
  applyAck,
  applyEvent,
  dropLocalTurn,
  emptyConversation,
  isEnvelope,
  isUnacked,
  markLocalTurn,
  mergeStored,
  needsReplay,
  viewOfStored,
  withTurn,
} from '@switchyard/client';
import type {
  Client,
  ConversationView,
  Outbox,
  OutboxItem,
  OutgoingFile,
  Reaction,
  StreamEvent,
} from '@switchyard/client';
import type { Ack, ChatEnvelope } from '@switchyard/protocol';
import type { SessionFeed } from './session-feed.ts';

export type LoadState = 'loading' | 'ready' | 'missing' | 'failed';

/** What a conversation's page shows. A new object for every change, so that React can compare. */
export interface ConversationEntry {
  readonly view: ConversationView;
  readonly load: LoadState;
}

interface Draft {
  text: string;
  files: readonly OutgoingFile[];
  bundleId: string | undefined;
}

interface Slot {
  entry: ConversationEntry;
  /** Events that came while the conversation was being read; applied after it. */
  waiting: StreamEvent[] | undefined;
  listeners: Set<() => void>;
}

export interface ChatStoreOptions {
  client: Pick<Client, 'replay' | 'conversations'>;
  /** Messages on their way; what it tells comes back through `onOutbox`. */
  outbox: () => Pick<Outbox, 'add' | 'retry' | 'discard'>;
  feed: () => Pick<SessionFeed, 'isStarted' | 'isAnchored' | 'anchored' | 'start'>;
  now(): number;
  /** Runs `flush` before the next paint: however many words arrived, the page is drawn once. */
  schedule(flush: () => void): void;
}

/** An answer can end between reading its conversation and replaying it; hardly twice. */
const READ_ATTEMPTS = 3;

const LOADING_ENTRY = (conversationId: string): ConversationEntry => ({
  view: emptyConversation(conversationId),
  load: 'loading',
});

/** A followup that was written on another page: the event does not say its words, the stored conversation does. */
function isStrangeFollowup(view: ConversationView, envelope: ChatEnvelope): boolean {
  if (envelope.type !== 'event.continuation.accepted') return false;
  return view.turns.every((turn) => turn.turnId !== envelope.data?.['queued_turn_id'] && !isUnacked(turn));
}

/** The page shows a message once, as its writer left it. */
function withMessage(view: ConversationView, item: OutboxItem): ConversationView {
  if (view.turns.some((turn) => turn.messageId === item.key)) return view;
  const attachments = (item.attachments ?? []).map(({ filename, blob }) => ({
    filename,
    mime: blob.type,
    size: blob.size,
  }));
  const bundleId = view.bundleId ?? item.bundleId;
  const message = { messageId: item.key, text: item.message, attachments, nowMs: item.createdAt };
  return addLocalTurn({ ...view, bundleId }, message);
}

/** The conversations that this page has open: read once, then kept by the session's events. */
export class ChatStore {
  readonly #options: ChatStoreOptions;
  readonly #slots = new Map<string, Slot>();
  readonly #changed = new Set<Slot>();

  constructor(options: ChatStoreOptions) {
    this.#options = options;
  }

  read(conversationId: string): ConversationEntry {
    return this.#slot(conversationId).entry;
  }

  subscribe(conversationId: string, listener: () => void): () => void {
    const slot = this.#slot(conversationId);
    slot.listeners.add(listener);
    return () => slot.listeners.delete(listener);
  }

  /** Reads the conversation unless it is here already. */
  async open(conversationId: string): Promise<void> {
    const slot = this.#slot(conversationId);
    if (slot.waiting !== undefined || slot.entry.load === 'ready') return;
    await this.#load(slot);
  }

  /** A conversation that begins here with the bundle that was picked: its id is ours to choose, there is nothing to read. */
  begin(conversationId: string, bundleId?: string): void {
    const view = { ...emptyConversation(conversationId), bundleId };
    this.#set(this.#slot(conversationId), { view, load: 'ready' });
  }

  /** Shown at once, sent as soon as it can be, kept until then. Throws OutboxFull: then the writer keeps it. */
  send(conversationId: string, { text, files, bundleId }: Draft): void {
    this.#options.outbox().add({ message: text, conversationId, bundleId, attachments: files });
  }

  /** The same message under the same key: should an earlier attempt have arrived after all, nothing happens twice. */
  resend(messageId: string): void {
    this.#options.outbox().retry(messageId);
  }

  /** Takes a message that is not sent off the page and hands it back for editing. */
  withdraw(conversationId: string, messageId: string): Draft | undefined {
    const item = this.#options.outbox().discard(messageId);
    this.#update(this.#slot(conversationId), (view) => dropLocalTurn(view, messageId));
    if (item === undefined) return undefined;
    return { text: item.message, files: item.attachments ?? [], bundleId: item.bundleId };
  }

  /** What became of a message: of this page, or of one before it. */
  onOutbox(item: OutboxItem, ack: Ack | undefined): void {
    const slot = this.#slot(item.conversationId);
    const { key: messageId, state, error } = item;
    if (ack !== undefined) {
      this.#options.feed().start(ack.last_log_id);
      this.#update(slot, (view) => applyAck(view, messageId, ack));
    } else if (state !== 'sent') {
      const status = state === 'failed' ? 'unsent' : state;
      this.#update(slot, (view) => markLocalTurn(withMessage(view, item), messageId, status, error));
      // The server said that it does not know this conversation, and now we know why.
      if (slot.entry.load === 'missing') this.#set(slot, { ...slot.entry, load: 'ready' });
    }
  }

  async stop(conversationId: string): Promise<void> {
    await this.#options.client.conversations.cancel(conversationId);
  }

  async react(conversationId: string, turnId: string, reaction: Reaction | undefined): Promise<void> {
    const slot = this.#slot(conversationId);
    const before = slot.entry.view.turns.find((turn) => turn.turnId === turnId)?.reaction;
    const show = (shown: Reaction | undefined): void =>
      this.#update(slot, (view) => withTurn(view, turnId, (turn) => ({ ...turn, reaction: shown })));
    show(reaction);
    try {
      await this.#options.client.conversations.feedback(conversationId, turnId, reaction ?? null);
    } catch {
      show(before);
    }
  }

  /** Every event of the session goes through here. */
  onEvent(event: StreamEvent): void {
    if (event.event === 'resync') {
      for (const slot of this.#slots.values()) {
        if (slot.entry.load !== 'ready') continue;
        this.#update(slot, (view) => applyEvent(view, event));
        void this.#load(slot);
      }
      return;
    }
    if (!isEnvelope(event.data)) return;
    const slot = this.#slots.get(event.data.conversation.conversation_id);
    if (slot === undefined) return;
    if (slot.waiting !== undefined) slot.waiting.push(event);
    else if (slot.entry.load === 'ready') {
      this.#update(slot, (view) => applyEvent(view, event));
      if (isStrangeFollowup(slot.entry.view, event.data)) void this.#load(slot);
    }
  }

  async #load(slot: Slot): Promise<void> {
    slot.waiting = [];
    const feed = this.#options.feed();
    try {
      // What happens after the read must reach us: either the stream stands already, or it will start from what was read.
      if (feed.isStarted && !feed.isAnchored) await feed.anchored;
      const { stored, replayed } = await this.#read(slot);
      const merged = replayed.reduce(applyEvent, mergeStored(slot.entry.view, stored));
      const waiting = slot.waiting;
      slot.waiting = undefined;
      this.#set(slot, { view: waiting.reduce(applyEvent, merged), load: 'ready' });
    } catch (error) {
      slot.waiting = undefined;
      feed.start();
      const isMissing = error instanceof ApiError && error.status === 404;
      // It began here and its first message is still waiting: the server cannot know it yet.
      const isOwn = isMissing && slot.entry.view.turns.some((turn) => turn.messageId !== undefined);
      if (isOwn) return this.#set(slot, { ...slot.entry, load: 'ready' });
      // A conversation that was on the page stays there; only one that never was is said to be missing.
      if (slot.entry.load !== 'ready')
        this.#set(slot, { ...slot.entry, load: isMissing ? 'missing' : 'failed' });
    }
  }

  /** The stored conversation, and what its running answer has said so far. */
  async #read(slot: Slot): Promise<{ stored: ConversationView; replayed: readonly StreamEvent[] }> {
    const { client, feed } = this.#options;
    const { conversationId } = slot.entry.view;
    for (let attempt = 1; ; attempt += 1) {
      const stored = viewOfStored(await client.conversations.fetch(conversationId));
      feed().start(stored.appliedLogId);
      const upTo = stored.appliedLogId;
      if (upTo === undefined || !needsReplay(mergeStored(slot.entry.view, stored)))
        return { stored, replayed: [] };
      const { events, isOver } = await client.replay({ conversationId, upTo });
      // The answer ended between the two: the conversation is read once more, and is complete then.
      if (isOver && attempt < READ_ATTEMPTS) continue;
      // What is replayed lies before the position that the conversation was read at.
      return { stored: { ...stored, appliedLogId: undefined }, replayed: events };
    }
  }

  #slot(conversationId: string): Slot {
    const known = this.#slots.get(conversationId);
    if (known !== undefined) return known;
    const slot: Slot = {
      entry: LOADING_ENTRY(conversationId),
      waiting: undefined,
      listeners: new Set(),
    };
    this.#slots.set(conversationId, slot);
    return slot;
  }

  #update(slot: Slot, change: (view: ConversationView) => ConversationView): void {
    const view = change(slot.entry.view);
    if (view !== slot.entry.view) this.#set(slot, { ...slot.entry, view });
  }

  #set(slot: Slot, entry: ConversationEntry): void {
    slot.entry = entry;
    if (this.#changed.size === 0) this.#options.schedule(() => this.#flush());
    this.#changed.add(slot);
  }

  #flush(): void {
    const slots = [...this.#changed];
    this.#changed.clear();
    for (const slot of slots) for (const listener of slot.listeners) listener();
  }
}
