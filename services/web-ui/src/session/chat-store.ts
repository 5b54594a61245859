import {
  ApiError,
  addLocalTurn,
  applyAck,
  applyEvent,
  dropLocalTurn,
  emptyConversation,
  isEnvelope,
  isSplit,
  isUnacked,
  markLocalTurn,
  resyncTurns,
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
import type { Ack } from '@switchyard/protocol';
import { applyWaiting, readConversation } from './read-conversation.ts';
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

/** `replay`: what is held of a running answer is dropped as well. */
type ReadNeed = 'read' | 'replay';

interface Slot {
  entry: ConversationEntry;
  /** Events that came while the conversation was being read; applied after it. */
  waiting: StreamEvent[] | undefined;
  /** Why it must be read once more, when a read is under way that came too early. */
  need: ReadNeed | undefined;
  /** Turns that this page does not know; one may be that of an own message whose ack is still on its way. */
  readonly strangers: Set<string>;
  /** Something became of one of them, which its ack does not say. */
  isBehind: boolean;
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
  /** The wait before a read that failed so often in a row, and once more, is tried again. */
  pause(failures: number): Promise<void>;
  /** Aborts when an answer has taken too long. */
  limit(): AbortSignal;
}

const LOADING_ENTRY = (conversationId: string): ConversationEntry => ({
  view: emptyConversation(conversationId),
  load: 'loading',
});

/** The turn of a message that may be of another page: these events do not say its words, the stored conversation does. */
function namedTurn({ event, data: envelope }: StreamEvent): string | undefined {
  if (!isEnvelope(envelope) || (event !== 'conv_status' && event !== 'chat_service')) return undefined;
  const turnId = envelope.data?.[event === 'conv_status' ? 'current_turn_id' : 'queued_turn_id'];
  return typeof turnId === 'string' ? turnId : undefined;
}

/** Says no more of a turn than that it was accepted, as its ack does. */
function isBeginning({ event, data }: StreamEvent): boolean {
  return event === 'conv_status' || (isEnvelope(data) && data.type === 'event.continuation.accepted');
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
    this.#meetStrangers(slot, []);
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
      for (const slot of this.#slots.values()) this.#resync(slot, event);
      return;
    }
    if (!isEnvelope(event.data)) return;
    const slot = this.#slots.get(event.data.conversation.conversation_id);
    if (slot === undefined) return;
    if (slot.waiting !== undefined) slot.waiting.push(event);
    else if (slot.entry.load === 'ready') this.#apply(slot, event);
  }

  #apply(slot: Slot, event: StreamEvent): void {
    const { view } = slot.entry;
    if (isSplit(view, event)) void this.#load(slot, 'replay');
    else {
      this.#update(slot, () => applyEvent(view, event));
      this.#meetStrangers(slot, [event]);
    }
  }

  #meetStrangers(slot: Slot, events: readonly StreamEvent[]): void {
    const { view } = slot.entry;
    const isKnown = (turnId: string): boolean => view.turns.some((turn) => turn.turnId === turnId);
    for (const event of events) {
      const turnId = namedTurn(event);
      if (turnId === undefined || isKnown(turnId)) continue;
      slot.strangers.add(turnId);
      slot.isBehind ||= !isBeginning(event);
    }
    if (slot.waiting !== undefined || view.turns.some(isUnacked)) return;
    const strangers = [...slot.strangers];
    const isOwed = slot.isBehind || !strangers.every(isKnown);
    slot.strangers.clear();
    slot.isBehind = false;
    if (isOwed) void this.#load(slot);
  }

  /** It stands for all that came before it, also for what waits; and for what a read that is under way may not have seen. */
  #resync(slot: Slot, event: StreamEvent): void {
    if (slot.waiting !== undefined) slot.waiting = [];
    else if (slot.entry.load !== 'ready') return;
    const told = new Set(resyncTurns(event.data).map((turn) => turn.turn_id));
    // Of an answer that it does not tell there may be a hole between what is held and what comes.
    const isTold = slot.entry.view.turns.every((turn) => turn.status !== 'running' || told.has(turn.turnId));
    this.#update(slot, (view) => applyEvent(view, event));
    void this.#load(slot, isTold ? 'read' : 'replay');
  }

  /** One at a time: two would take each other's waiting events. */
  async #load(slot: Slot, need: ReadNeed = 'read'): Promise<void> {
    if (slot.need === undefined || need === 'replay') slot.need = need;
    if (slot.waiting !== undefined) return;
    slot.waiting = [];
    for (let tries = 0; ; tries += 1) {
      const asked: ReadNeed = slot.need ?? 'read';
      slot.need = undefined;
      let isLate = tries > 0;
      try {
        if (this.#take(slot, await this.#read(slot, asked))) return;
      } catch (error) {
        const isTransient = error instanceof ApiError && error.isTransient;
        // A page that shows the conversation already reads on when it can: what it missed is told by nobody else.
        if (!isTransient || slot.entry.load !== 'ready') return this.#giveUp(slot, error);
        slot.need ??= asked;
        isLate = true;
      }
      if (isLate) await this.#options.pause(tries);
    }
  }

  async #read(slot: Slot, need: ReadNeed): Promise<ConversationView> {
    const feed = this.#options.feed();
    // What happens after the read must reach us: either the stream stands already, or it will start from what was read.
    if (feed.isStarted && !feed.isAnchored) await feed.anchored;
    return readConversation(slot.entry.view.conversationId, {
      client: this.#options.client,
      held: () => slot.entry.view,
      isKept: slot.entry.load === 'ready',
      isAnew: need === 'replay',
      limit: () => this.#options.limit(),
      onPosition: (lastLogId) => feed.start(lastLogId),
    });
  }

  /** What was read, and what came meanwhile. False: something came that this read may not have seen. */
  #take(slot: Slot, read: ConversationView): boolean {
    if (slot.need !== undefined) return false;
    const waiting = slot.waiting ?? [];
    const { view, isBroken } = applyWaiting(read, waiting);
    if (isBroken) {
      slot.need = 'replay';
      return false;
    }
    // In one step: an event that comes between the two would be nowhere.
    slot.waiting = undefined;
    this.#set(slot, { view, load: 'ready' });
    this.#meetStrangers(slot, waiting);
    return true;
  }

  #giveUp(slot: Slot, error: unknown): void {
    const { view } = applyWaiting(slot.entry.view, slot.waiting ?? []);
    slot.waiting = undefined;
    slot.need = undefined;
    this.#options.feed().start();
    const isMissing = error instanceof ApiError && error.status === 404;
    // It began here and its first message is still waiting: the server cannot know it yet.
    const isOwn = isMissing && view.turns.some((turn) => turn.messageId !== undefined);
    // A conversation that was on the page stays there; only one that never was is said to be missing.
    if (isOwn || slot.entry.load === 'ready') this.#set(slot, { view, load: 'ready' });
    else this.#set(slot, { ...slot.entry, load: isMissing ? 'missing' : 'failed' });
  }

  #slot(conversationId: string): Slot {
    const known = this.#slots.get(conversationId);
    if (known !== undefined) return known;
    const slot: Slot = {
      entry: LOADING_ENTRY(conversationId),
      waiting: undefined,
      need: undefined,
      strangers: new Set(),
      isBehind: false,
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
