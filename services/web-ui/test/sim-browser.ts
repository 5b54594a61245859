import type { ClientClock } from '@switchyard/client';

/** The time of one simulated world, milliseconds. It passes when a test says so. */
export class SimTime {
  #now = 1_767_607_200_000;
  #sleepers: { at: number; wake: () => void }[] = [];

  get now(): number {
    return this.#now;
  }

  pass(ms: number): void {
    this.#now += ms;
    const due = this.#sleepers.filter(({ at }) => at <= this.#now);
    this.#sleepers = this.#sleepers.filter(({ at }) => at > this.#now);
    for (const { wake } of due) wake();
  }

  after(ms: number, wake: () => void): () => void {
    const sleeper = { at: this.#now + ms, wake };
    this.#sleepers.push(sleeper);
    return () => {
      this.#sleepers = this.#sleepers.filter((each) => each !== sleeper);
    };
  }
}

/** One page's thread: what comes from outside runs in it, waits while it is frozen, and never runs when it is gone. */
export class SimPage {
  #inbox: (() => void)[] = [];
  isFrozen = false;
  isGone = false;

  run(task: () => void): void {
    if (this.isGone) return;
    if (this.isFrozen) this.#inbox.push(task);
    else task();
  }

  thaw(): void {
    this.isFrozen = false;
    const waiting = this.#inbox;
    this.#inbox = [];
    for (const task of waiting) this.run(task);
  }

  clock(time: SimTime): ClientClock {
    return {
      now: () => time.now,
      sleep: (ms, signal) =>
        new Promise((resolve) => {
          if (signal?.aborted === true) return resolve();
          const forget = time.after(ms, () => this.run(resolve));
          signal?.addEventListener('abort', () => {
            forget();
            resolve();
          });
        }),
    };
  }

  every(time: SimTime, ms: number, tick: () => void): () => void {
    let forget = (): void => undefined;
    const again = (): void => {
      forget = time.after(ms, () => {
        again();
        this.run(tick);
      });
    };
    again();
    return () => forget();
  }
}

interface Claim {
  page: SimPage;
  hold(): unknown;
  resolve(): void;
  reject(error: unknown): void;
}

const aborted = (why: string): DOMException => new DOMException(why, 'AbortError');

/** Web Locks of one exclusive name: queue, abort, steal; a page that ends gives its lock back. */
export class SimLocks {
  #holder: Claim | undefined;
  #queue: Claim[] = [];

  of(page: SimPage): Pick<LockManager, 'request'> {
    const request = (
      _name: string,
      options: { steal?: boolean; signal?: AbortSignal },
      hold: () => unknown,
    ): Promise<void> =>
      new Promise<void>((resolve, reject) => {
        const claim: Claim = { page, hold, resolve, reject };
        if (options.steal === true) {
          const victim = this.#holder;
          victim?.page.run(() => victim.reject(aborted('stolen')));
          return this.#grant(claim);
        }
        options.signal?.addEventListener('abort', () => {
          if (!this.#queue.includes(claim)) return;
          this.#queue = this.#queue.filter((each) => each !== claim);
          reject(aborted('aborted'));
        });
        this.#queue.push(claim);
        if (this.#holder === undefined) this.#next();
      });
    return { request: request as LockManager['request'] };
  }

  /** The browser takes back what an ended page held and waited for. */
  forget(page: SimPage): void {
    this.#queue = this.#queue.filter((claim) => claim.page !== page);
    if (this.#holder?.page === page) this.#next();
  }

  #next(): void {
    this.#holder = undefined;
    const next = this.#queue.shift();
    if (next !== undefined) this.#grant(next);
  }

  #grant(claim: Claim): void {
    this.#holder = claim;
    claim.page.run(() => {
      void Promise.resolve(claim.hold()).then(() => {
        claim.resolve();
        if (this.#holder === claim) this.#next();
      });
    });
  }
}

interface Port {
  page: SimPage;
  inbox: unknown[];
  channel: SimChannel;
}

interface SimChannel {
  onmessage: ((event: MessageEvent) => void) | null;
  postMessage(data: unknown): void;
  close(): void;
}

/** A BroadcastChannel: every page hears what the others say, in order, each when its turn comes. */
export class SimAir {
  #ports: Port[] = [];

  join(page: SimPage): SimChannel {
    const channel: SimChannel = {
      onmessage: null,
      postMessage: (data) => {
        for (const port of this.#ports) if (port.channel !== channel) port.inbox.push(structuredClone(data));
      },
      close: () => {
        this.#ports = this.#ports.filter((port) => port.channel !== channel);
      },
    };
    this.#ports.push({ page, inbox: [], channel });
    return channel;
  }

  forget(page: SimPage): void {
    this.#ports = this.#ports.filter((port) => port.page !== page);
  }

  /** Lets a page hear the next `count` messages; how many it heard. */
  deliver(page: SimPage, count: number): number {
    const heard = this.#ports
      .filter((port) => port.page === page)
      .flatMap((port) => port.inbox.splice(0, count).map((data) => ({ data, port })));
    for (const { data, port } of heard) page.run(() => port.channel.onmessage?.({ data } as MessageEvent));
    return heard.length;
  }
}
