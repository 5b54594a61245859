import { InFlight, InFlightNumbers } from '../host/in-flight.ts';
import type { HostInvocation } from './host-invocation.ts';

interface Request {
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/** An invocation, and what is to be done once the host is done with it. */
export interface RunningInvocation {
  readonly invocation: HostInvocation;
  readonly end: () => void;
}

/** What a host was asked for and has not answered, by its number: who waits for an answer, and invocations. */
export class HostRequests {
  readonly #numbers = new InFlightNumbers();
  readonly #asked = new Map<number, Request>();
  readonly #running = new InFlight<RunningInvocation>();

  /** Of invocations. */
  get running(): number {
    return this.#running.size;
  }

  /** Sends under a number of its own and resolves with the answer. */
  ask(send: (id: number) => void): Promise<unknown> {
    const id = this.#numbers.take();
    return new Promise((resolve, reject) => {
      this.#asked.set(id, { resolve, reject });
      send(id);
    });
  }

  /** The request's answer has come; undefined when nobody waits for it. */
  take(id: number): Request | undefined {
    const request = this.#asked.get(id);
    if (this.#asked.delete(id)) this.#numbers.giveBack(id);
    return request;
  }

  begin(make: (id: number) => RunningInvocation): RunningInvocation {
    const id = this.#numbers.take();
    const running = make(id);
    this.#running.set(id, running);
    return running;
  }

  invocation(id: number): HostInvocation | undefined {
    return this.#running.get(id)?.invocation;
  }

  /** The host is done with it. */
  end(id: number): void {
    const running = this.#running.get(id);
    if (running === undefined) return;
    this.#running.delete(id);
    this.#numbers.giveBack(id);
    running.end();
  }

  invocations(): HostInvocation[] {
    return this.#running.values().map(({ invocation }) => invocation);
  }

  /** The host has ended: nobody waits any longer. */
  endAll(error: unknown): void {
    for (const { reject } of this.#asked.values()) reject(error);
    this.#asked.clear();
    for (const { id } of this.invocations()) this.end(id);
  }
}
