import { createClient, decideRetryDelay } from '@switchyard/client';
import type { Client, Outbox, StreamEvent } from '@switchyard/client';
import { ChatStore } from '../src/session/chat-store.ts';
import { SessionFeed } from '../src/session/session-feed.ts';
import { createSharedTabs } from '../src/session/tab-link.ts';
import type { SimAir, SimLocks, SimTime } from './sim-browser.ts';
import { SimPage } from './sim-browser.ts';
import type { SimNetwork } from './sim-network.ts';
import { C } from './sim-server.ts';

export interface SimParts {
  time: SimTime;
  network: SimNetwork;
  locks: SimLocks;
  air: SimAir;
  random(): number;
}

/** A tab as `createPageServices` makes it, in a simulated browser. */
export class SimTab {
  readonly page = new SimPage();
  readonly chat: ChatStore;
  readonly #parts: SimParts;
  readonly #feed: SessionFeed;
  readonly #outbox: Outbox;
  isShowing = false;
  /** Characters of each answer that it has shown. */
  readonly longest = new Map<string, number>();
  #keys = 0;

  constructor(parts: SimParts, name: string) {
    const { time, network, locks, air, random } = parts;
    this.#parts = parts;
    const { page } = this;
    const clock = page.clock(time);
    const client: Client = createClient({
      baseUrl: '',
      scope: { tenant: 't', project: 'p' },
      fetch: network.fetchOf(page),
      clock,
      random,
    });
    this.#feed = new SessionFeed({
      openLink: () =>
        createSharedTabs({
          locks: locks.of(page),
          channel: air.join(page),
          name: 'stream',
          isVisible: () => !page.isFrozen,
          now: () => time.now,
          every: (ms, tick) => page.every(time, ms, tick),
        }),
      now: () => time.now,
      openStream: ({ lastEventId, onEvent, onState }) =>
        client.stream({ follow: 'session', streamId: name, lastEventId, onEvent, onState }),
      onEvent: (event) => this.#onEvent(event),
      onState: (state) => {
        if (state.status === 'open') this.#outbox.wake();
      },
    });
    this.chat = new ChatStore({
      client,
      feed: () => this.#feed,
      now: () => time.now,
      outbox: () => this.#outbox,
      schedule: (flush) => flush(),
      pause: (failures) => clock.sleep(decideRetryDelay({ failures }, random)),
      // Every request has an answer here, or an end.
      limit: () => new AbortController().signal,
    });
    this.#outbox = client.outbox({
      newKey: () => `${name}-${(this.#keys += 1)}`,
      onChange: (item, ack) => this.chat.onOutbox(item, ack),
    });
  }

  /** The page of the conversation. */
  show(): void {
    this.isShowing = true;
    void this.chat.open(C);
  }

  /** The page of a new conversation, which listens only. */
  listen(): void {
    this.#feed.start();
  }

  send(text: string): void {
    this.chat.send(C, { text, files: [], bundleId: undefined });
  }

  wake(): void {
    this.page.thaw();
    this.#feed.wake();
  }

  /** The browser ends it, however it was. */
  end(): void {
    const { network, locks, air } = this.#parts;
    this.page.isGone = true;
    network.forget(this.page);
    air.forget(this.page);
    locks.forget(this.page);
  }

  #onEvent(event: StreamEvent): void {
    if ((event.data as { type?: unknown } | undefined)?.type === 'auth.signed_out') this.end();
    else this.chat.onEvent(event);
  }
}
