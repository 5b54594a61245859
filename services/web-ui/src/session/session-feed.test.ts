import type { StreamEvent } from '@switchyard/client';
import { describe, expect, test } from 'vitest';
import { SessionFeed } from './session-feed.ts';
import type { OpenStream } from './session-feed.ts';
import type { TabLink, TabLinkHandlers, TabMessage } from './tab-link.ts';

interface FakeStream extends OpenStream {
  from: string | undefined;
  isClosed: boolean;
  emit(event: StreamEvent): void;
}

/** Tabs of one browser: the first leads, and when it closes the next one does. */
class Browser {
  readonly tabs: { handlers: TabLinkHandlers; link: TabLink }[] = [];

  link(): TabLink {
    let own: { handlers: TabLinkHandlers; link: TabLink } | undefined;
    const link: TabLink = {
      start: (handlers) => {
        own = { handlers, link };
        this.tabs.push(own);
        if (this.tabs.length === 1) handlers.onLead();
        else {
          const here = this.tabs[0]?.handlers.describe();
          if (here !== undefined) handlers.onMessage(here);
        }
      },
      tell: (message: TabMessage) => {
        for (const tab of this.tabs) if (tab !== own) tab.handlers.onMessage(message);
      },
      wake: () => undefined,
      close: () => {
        if (own !== undefined) this.tabs.splice(this.tabs.indexOf(own), 1);
        this.tabs[0]?.handlers.onLead();
      },
    };
    return link;
  }
}

function openTab(browser: Browser) {
  const streams: FakeStream[] = [];
  const seen: (string | undefined)[] = [];
  const feed = new SessionFeed({
    openLink: () => browser.link(),
    now: () => 0,
    onEvent: (event) => seen.push(event.id),
    onState: () => undefined,
    openStream: ({ lastEventId, onEvent }) => {
      let position = lastEventId;
      const stream: FakeStream = {
        from: lastEventId,
        isClosed: false,
        get lastEventId() {
          return position;
        },
        emit: (event) => {
          position = event.id ?? position;
          onEvent(event);
        },
        close: () => {
          stream.isClosed = true;
        },
        wake: () => undefined,
      };
      streams.push(stream);
      return stream;
    },
  });
  return { feed, streams, seen };
}

const event = (id: string | undefined, name = 'chat_delta'): StreamEvent => ({ id, event: name, data: {} });

describe('one stream for all tabs', () => {
  test('every tab sees every event once, also over a change of the leader', () => {
    const browser = new Browser();
    const first = openTab(browser);
    const second = openTab(browser);
    first.feed.start();
    first.streams[0]?.emit(event('1-1', 'ready'));
    second.feed.start();
    expect(second.streams).toHaveLength(0);
    expect(second.feed.isAnchored).toBe(true);
    first.streams[0]?.emit(event('1-2'));
    first.streams[0]?.emit(event('1-3'));
    first.feed.close();
    expect(first.streams[0]?.isClosed).toBe(true);
    expect(second.streams[0]?.from).toBe('1-3');
    // The server hands over more than was asked for.
    for (const id of ['1-2', '1-3', '1-4']) second.streams[0]?.emit(event(id));
    expect(second.seen).toEqual(['1-2', '1-3', '1-4']);
  });

  test('a tab without a place in the log waits for one', async () => {
    const tab = openTab(new Browser());
    tab.feed.start();
    expect(tab.feed.isAnchored).toBe(false);
    tab.streams[0]?.emit(event('1-5', 'ready'));
    await tab.feed.anchored;
    expect(tab.feed.isAnchored).toBe(true);
  });

  test('a position that was read begins the stream there, and restarts one that began without', () => {
    const fresh = openTab(new Browser());
    fresh.feed.start('1-7');
    expect(fresh.streams[0]?.from).toBe('1-7');
    const early = openTab(new Browser());
    early.feed.start();
    early.feed.start('1-7');
    expect(early.streams.map((stream) => [stream.from, stream.isClosed])).toEqual([
      [undefined, true],
      ['1-7', false],
    ]);
  });

  test('a later position does not move a feed that has one', () => {
    const tab = openTab(new Browser());
    tab.feed.start('1-7');
    tab.feed.start('1-9');
    expect(tab.streams).toHaveLength(1);
    tab.streams[0]?.emit(event('1-8'));
    expect(tab.seen).toEqual(['1-8']);
  });
});
