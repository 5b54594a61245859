import { isEnvelope } from '@switchyard/client';
import type { StreamEvent } from '@switchyard/client';

/** A live update of a bundle. */
export interface Notice {
  readonly bundleId: string;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** The live update in an event; undefined when it is something else. */
export function noticeOf(event: StreamEvent): Notice | undefined {
  if (event.event !== 'chat_service' || !isEnvelope(event.data)) return undefined;
  const { type, conversation, event: about, data } = event.data;
  const { bundle_id: bundleId } = conversation;
  if (about.step !== 'notify' || bundleId === undefined) return undefined;
  return { bundleId, type, data: typeof data === 'object' && data !== null ? { ...data } : {} };
}

type Listener = (notice: Notice | 'stale') => void;

/** Hands live updates to the widgets that are open. */
export class Notices {
  readonly #listeners = new Set<Listener>();

  /** Returns the way to stop it. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  onEvent(event: StreamEvent): void {
    // What the project was told is in no log: after a gap nobody can say what it was.
    if (event.event === 'resync') return this.#tell('stale');
    const notice = noticeOf(event);
    if (notice !== undefined) this.#tell(notice);
  }

  /** The stream stands again after it was broken. */
  onReconnect(): void {
    this.#tell('stale');
  }

  #tell(what: Notice | 'stale'): void {
    for (const listener of this.#listeners) listener(what);
  }
}
