import { describe, expect, test, vi } from 'vitest';
import { createSharedTabs } from './tab-link.ts';
import type { TabLinkHandlers, TabMessage } from './tab-link.ts';

/** Web Locks for one exclusive name, as browsers do it: queue, abort, steal. */
class Locks {
  #holder: { reject(error: unknown): void } | undefined;
  readonly #queue: (() => void)[] = [];

  request = ((_name: string, options: { steal?: boolean; signal?: AbortSignal }, hold: () => Promise<void>) =>
    new Promise<void>((resolve, reject) => {
      const take = (): void => {
        const holder = { reject };
        this.#holder = holder;
        void hold().then(() => {
          resolve();
          if (this.#holder === holder) this.#next();
        });
      };
      if (options.steal === true) {
        this.#holder?.reject(new DOMException('stolen', 'AbortError'));
        return take();
      }
      options.signal?.addEventListener('abort', () => {
        const at = this.#queue.indexOf(take);
        if (at < 0) return;
        this.#queue.splice(at, 1);
        reject(new DOMException('aborted', 'AbortError'));
      });
      this.#queue.push(take);
      if (this.#holder === undefined) this.#next();
    })) as LockManager['request'];

  #next(): void {
    this.#holder = undefined;
    this.#queue.shift()?.();
  }
}

function world() {
  const locks = new Locks();
  const channels: { onmessage: ((event: MessageEvent) => void) | null; isFrozen: boolean }[] = [];
  const clock = { now: 0 };
  function tab() {
    const channel = {
      onmessage: null as ((event: MessageEvent) => void) | null,
      isFrozen: false,
      close: () => void channels.splice(channels.indexOf(channel), 1),
      postMessage: (data: TabMessage) => {
        for (const other of channels)
          if (other !== channel && !other.isFrozen) other.onmessage?.({ data } as MessageEvent);
      },
    };
    channels.push(channel);
    let tick = (): void => undefined;
    const link = createSharedTabs({
      locks,
      channel,
      name: 'stream',
      isVisible: () => true,
      now: () => clock.now,
      every: (_ms, run) => {
        tick = run;
        return () => undefined;
      },
    });
    const handlers = {
      onLead: vi.fn<() => void>(),
      onFollow: vi.fn<() => void>(),
      onMessage: vi.fn<(message: TabMessage) => void>(),
      describe: (): TabMessage => ({
        kind: 'here',
        state: { status: 'open', since: 0 },
        position: '1-1',
        isAnchored: true,
      }),
    } satisfies TabLinkHandlers;
    return { link, handlers, channel, tick: () => tick() };
  }
  return { tab, clock };
}

describe('tabs', () => {
  test('the first leads and answers the others; when it ends the next one leads', async () => {
    const { tab } = world();
    const first = tab();
    const second = tab();
    first.link.start(first.handlers);
    await vi.waitFor(() => expect(first.handlers.onLead).toHaveBeenCalledTimes(1));
    second.link.start(second.handlers);
    expect(second.handlers.onMessage).toHaveBeenCalledWith(expect.objectContaining({ kind: 'here' }));
    expect(second.handlers.onLead).not.toHaveBeenCalled();
    first.link.close();
    await vi.waitFor(() => expect(second.handlers.onLead).toHaveBeenCalledTimes(1));
  });

  test('a frozen leader loses the lead to a visible tab, and follows when it wakes', async () => {
    const { tab, clock } = world();
    const first = tab();
    const second = tab();
    first.link.start(first.handlers);
    await vi.waitFor(() => expect(first.handlers.onLead).toHaveBeenCalled());
    second.link.start(second.handlers);
    first.channel.isFrozen = true;
    for (clock.now = 4_000; clock.now <= 8_000; clock.now += 4_000) second.tick();
    expect(second.handlers.onLead).not.toHaveBeenCalled();
    clock.now = 12_000;
    second.tick();
    await vi.waitFor(() => expect(second.handlers.onLead).toHaveBeenCalledTimes(1));
    await vi.waitFor(() => expect(first.handlers.onFollow).toHaveBeenCalledTimes(1));
    second.link.close();
    await vi.waitFor(() => expect(first.handlers.onLead).toHaveBeenCalledTimes(2));
  });

  test('a leader that answers keeps the lead', async () => {
    const { tab, clock } = world();
    const first = tab();
    const second = tab();
    first.link.start(first.handlers);
    await vi.waitFor(() => expect(first.handlers.onLead).toHaveBeenCalled());
    second.link.start(second.handlers);
    for (clock.now = 4_000; clock.now <= 60_000; clock.now += 4_000) second.tick();
    expect(second.handlers.onLead).not.toHaveBeenCalled();
  });
});
