import type { WireResponse } from '@switchyard/protocol';

/** A request that this worker holds, until it is answered. */
export interface HeldRequest {
  readonly bundleId: string;
  readonly site: string;
  readonly answer: Promise<Answered>;
}

export interface Answered {
  readonly response: WireResponse;
  /** Where it is out, or broke off. `web.respond` waits for it, because a body may come from its caller. */
  delivered(): void;
}

interface Entry {
  readonly bundleId: string;
  readonly site: string;
  status: number | undefined;
  readonly settle: (answered: Answered) => void;
}

/** Enough for what a worker answers in some minutes; who answers later still is told his own status. */
const REMEMBERED = 10_000;

/** The requests that are held here by id, and the statuses of those that were: of several answers the first one is the answer. */
export class HeldRequests {
  readonly #held = new Map<string, Entry>();
  readonly #former = new Map<string, { bundleId: string; status: number }>();

  hold(requestId: string, bundleId: string, site: string): HeldRequest {
    const { promise, resolve } = Promise.withResolvers<Answered>();
    this.#held.set(requestId, { bundleId, site, status: undefined, settle: resolve });
    return { bundleId, site, answer: promise };
  }

  /** Who may answer it; undefined: it is not held here. */
  find(requestId: string): { bundleId: string; site: string } | undefined {
    return this.#held.get(requestId);
  }

  /** Undefined: neither held nor remembered here, or another bundle's. `isFirst`: this one is the answer. */
  answer(
    requestId: string,
    bundleId: string,
    response: WireResponse,
  ): { isFirst: boolean; status: number; delivered: Promise<void> } | undefined {
    const entry = this.#held.get(requestId);
    const former = this.#former.get(requestId);
    if (entry === undefined)
      return former?.bundleId === bundleId
        ? { isFirst: false, status: former.status, delivered: Promise.resolve() }
        : undefined;
    if (entry.bundleId !== bundleId) return undefined;
    if (entry.status !== undefined)
      return { isFirst: false, status: entry.status, delivered: Promise.resolve() };
    entry.status = response.status;
    const { promise, resolve } = Promise.withResolvers<void>();
    entry.settle({ response, delivered: resolve });
    return { isFirst: true, status: response.status, delivered: promise };
  }

  /** It is answered, or its client has gone. */
  release(requestId: string): void {
    const entry = this.#held.get(requestId);
    this.#held.delete(requestId);
    if (entry?.status !== undefined) this.remember(requestId, entry.bundleId, entry.status);
  }

  /** What a later answer is told. After a 202 the status of the answer takes its place. */
  remember(requestId: string, bundleId: string, status: number): void {
    this.#former.set(requestId, { bundleId, status });
    if (this.#former.size <= REMEMBERED) return;
    const [oldest] = this.#former.keys();
    if (oldest !== undefined) this.#former.delete(oldest);
  }
}
