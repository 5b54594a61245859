/** Word of one page to the other pages of this browser. */
export type TabWord = { kind: 'signed-out' } | { kind: 'session'; sessionId: string };

export interface PersonTabsOptions {
  /** Undefined where the browser has none: pages then do not hear of one another. */
  readonly channel: Pick<BroadcastChannel, 'postMessage' | 'onmessage'> | undefined;
  /** Somebody signed out elsewhere: nothing of that person may stay. */
  onSignedOut(): void;
  /** Another page began in another session: if it is the browser's now, this page is of somebody who is not there any more. */
  onOther(sessionId: string): void;
}

/**
 * The pages of one browser are one person's: cookies are shared, and what a page has in memory is of whoever it was opened for. Another
 * page that began as somebody else says so, and this one begins anew.
 */
export class PersonTabs {
  readonly #options: PersonTabsOptions;
  #sessionId: string | undefined;

  constructor(options: PersonTabsOptions) {
    this.#options = options;
    if (options.channel === undefined) return;
    options.channel.onmessage = ({ data }: MessageEvent<TabWord>) => this.#hear(data);
  }

  /** Whom this page is for, once the server has said so. */
  get sessionId(): string | undefined {
    return this.#sessionId;
  }

  began(sessionId: string): void {
    if (this.#sessionId === sessionId) return;
    this.#sessionId = sessionId;
    this.#options.channel?.postMessage({ kind: 'session', sessionId } satisfies TabWord);
  }

  signedOut(): void {
    this.#options.channel?.postMessage({ kind: 'signed-out' } satisfies TabWord);
  }

  #hear(word: TabWord): void {
    if (word.kind === 'signed-out') return this.#options.onSignedOut();
    if (this.#sessionId !== undefined && word.sessionId !== this.#sessionId)
      this.#options.onOther(word.sessionId);
  }
}
