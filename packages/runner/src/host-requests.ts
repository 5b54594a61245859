interface Request {
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/** What a host was asked for and has not answered: its number, and who waits. Invocations have theirs among them. */
export class HostRequests {
  readonly #open = new Map<number, Request>();
  #lastId = 0;

  nextId(): number {
    return (this.#lastId += 1);
  }

  /** Sends under a number of its own and resolves with the answer. */
  ask(send: (id: number) => void): Promise<unknown> {
    const id = this.nextId();
    return new Promise((resolve, reject) => {
      this.#open.set(id, { resolve, reject });
      send(id);
    });
  }

  /** Calls back with the answer, whatever it is. */
  expect(id: number, answered: () => void): void {
    this.#open.set(id, { resolve: answered, reject: answered });
  }

  drop(id: number): void {
    this.#open.delete(id);
  }

  /** The request's answer has come; undefined when nobody waits for it. */
  take(id: number): Request | undefined {
    const request = this.#open.get(id);
    this.#open.delete(id);
    return request;
  }

  rejectAll(error: unknown): void {
    for (const request of this.#open.values()) request.reject(error);
    this.#open.clear();
  }
}
