import type { InFlightNumbers } from '../host/in-flight.ts';

interface Request {
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/** What a host itself was asked for and has not answered: its number, and who waits. */
export class HostRequests {
  readonly #numbers: InFlightNumbers;
  readonly #open = new Map<number, Request>();

  /** @param numbers shared with all that is sent to the host under a number */
  constructor(numbers: InFlightNumbers) {
    this.#numbers = numbers;
  }

  /** Sends under a number of its own and resolves with the answer. */
  ask(send: (id: number) => void): Promise<unknown> {
    const id = this.#numbers.take();
    return new Promise((resolve, reject) => {
      this.#open.set(id, { resolve, reject });
      send(id);
    });
  }

  /** The request's answer has come; undefined when nobody waits for it. */
  take(id: number): Request | undefined {
    const request = this.#open.get(id);
    if (this.#open.delete(id)) this.#numbers.giveBack(id);
    return request;
  }

  rejectAll(error: unknown): void {
    for (const request of this.#open.values()) request.reject(error);
    this.#open.clear();
  }
}
