/** Of a number the lower part: at which place it lies. So many may be under way at once. */
export const PLACES = 2 ** 16;

/**
 * What is under way, by numbers that `InFlightNumbers` gave out. Not a `Map`: one that entries come to and leave all the time makes itself a new
 * table again and again. Once one table is old all that follow it are, and a table that is left behind keeps what lay in it, until the old are
 * collected (0087).
 */
export class InFlight<T> {
  readonly #numbers: number[] = [];
  readonly #values: (T | undefined)[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Throws RangeError where another one lies: its place was not given back. */
  set(number: number, value: T): void {
    const place = number % PLACES;
    if (this.#values[place] !== undefined) throw new RangeError('this place is taken');
    this.#numbers[place] = number;
    this.#values[place] = value;
    this.#size += 1;
  }

  get(number: number): T | undefined {
    const place = number % PLACES;
    return this.#numbers[place] === number ? this.#values[place] : undefined;
  }

  /** False: it was not there. */
  delete(number: number): boolean {
    if (this.get(number) === undefined) return false;
    this.#values[number % PLACES] = undefined;
    this.#size -= 1;
    return true;
  }

  values(): T[] {
    return this.#values.filter((value) => value !== undefined);
  }
}

/** Numbers for what is under way: each is given out once, its place again and again. */
export class InFlightNumbers {
  readonly #free: number[] = [];
  #places = 0;
  #round = 0;

  /** Throws RangeError with `PLACES` under way; whoever lets work in keeps it far below. */
  take(): number {
    const place = this.#free.pop() ?? this.#places;
    if (place === PLACES) throw new RangeError('too much is under way');
    if (place === this.#places) this.#places += 1;
    this.#round += 1;
    return this.#round * PLACES + place;
  }

  giveBack(number: number): void {
    this.#free.push(number % PLACES);
  }
}
