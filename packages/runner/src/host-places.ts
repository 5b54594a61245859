import { decideHost, decidePlace } from './decide-place.ts';
import { SlotsClosedError, WaitingLine } from './waiting-line.ts';
import { POOLS } from './invocation.ts';
import type { PoolName } from './invocation.ts';

interface Seat<H> {
  readonly host: H;
  readonly capacity: number;
  readonly running: Record<PoolName, number>;
}

const noCounts = (): Record<PoolName, number> => ({ turn: 0, operation: 0, web: 0, job: 0, predict: 0 });

/**
 * The places of all hosts of one version. Waiting is first in, first out within a pool, pools take turns, and each line is bounded in
 * number and in time.
 */
export class HostPlaces<H> {
  readonly #seats: Seat<H>[] = [];
  readonly #lines: Readonly<Record<PoolName, WaitingLine<H>>>;
  #pools: readonly PoolName[] = POOLS;
  #lastServed: PoolName | undefined;

  constructor(maxWaiting: number) {
    const line = () => new WaitingLine<H>(maxWaiting);
    this.#lines = { turn: line(), operation: line(), web: line(), job: line(), predict: line() };
  }

  /** `pools`: what the version can be asked for, known when it has told its manifest. */
  open(host: H, capacity: number, pools: readonly PoolName[]): void {
    this.#pools = pools;
    this.#seats.push({ host, capacity, running: noCounts() });
    this.#serve();
  }

  /** Nothing more goes to this host. */
  close(host: H): void {
    const at = this.#seats.findIndex((seat) => seat.host === host);
    if (at !== -1) this.#seats.splice(at, 1);
  }

  get waiting(): number {
    let waiting = 0;
    for (const pool of POOLS) waiting += this.#lines[pool].length;
    return waiting;
  }

  /** Would one more of this pool have to wait? */
  isFull(pool: PoolName): boolean {
    const snapshot = { hosts: this.#seats, pools: this.#pools };
    return this.#lines[pool].length > 0 || decideHost(snapshot, pool) === undefined;
  }

  /** A host with a place for one more of this pool, which is taken with it. Undefined: there is none, or others wait already. */
  takeFree(pool: PoolName): H | undefined {
    if (this.waiting > 0) return undefined;
    const at = decideHost({ hosts: this.#seats, pools: this.#pools }, pool);
    const seat = at === undefined ? undefined : this.#seats[at];
    if (seat === undefined) return undefined;
    seat.running[pool] += 1;
    this.#lastServed = pool;
    return seat.host;
  }

  /** Resolves with the host whose place was taken, to be given back by `release`. */
  take(pool: PoolName, waitMs: number, signal: AbortSignal): Promise<H> {
    const line = this.#lines[pool];
    const taken = line.wait(waitMs, signal);
    this.#serve();
    line.bound();
    return taken;
  }

  release(host: H, pool: PoolName): void {
    const seat = this.#seats.find((one) => one.host === host);
    if (seat === undefined) return;
    seat.running[pool] -= 1;
    this.#serve();
  }

  /** Sends those who wait elsewhere: no host of this version is left. */
  refuseAll(): void {
    for (const pool of POOLS) this.#lines[pool].refuseAll(new SlotsClosedError('the host takes no more'));
  }

  #serve(): void {
    for (;;) {
      if (this.waiting === 0) return;
      const waiting = noCounts();
      for (const pool of POOLS) waiting[pool] = this.#lines[pool].length;
      const next = decidePlace({
        hosts: this.#seats,
        waiting,
        pools: this.#pools,
        lastServed: this.#lastServed,
      });
      const seat = next === undefined ? undefined : this.#seats[next.host];
      if (next === undefined || seat === undefined) return;
      seat.running[next.pool] += 1;
      this.#lastServed = next.pool;
      this.#lines[next.pool].grant(seat.host);
    }
  }
}
