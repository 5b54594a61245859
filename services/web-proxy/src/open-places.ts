/**
 * What is open, in places of a list. Not a `Map` or a `Set`: where requests come and go all the time it makes itself a new table again and again,
 * and the tables that it leaves behind keep what lay in them until the old are collected (0087).
 */
export class OpenPlaces<T extends object> {
  readonly #open: (T | undefined)[] = [];
  readonly #free: number[] = [];

  /** Answers its place. */
  add(value: T): number {
    const place = this.#free.pop() ?? this.#open.length;
    this.#open[place] = value;
    return place;
  }

  /** Nothing where another one has the place by now. */
  delete(place: number, value: T): void {
    if (this.#open[place] !== value) return;
    this.#open[place] = undefined;
    this.#free.push(place);
  }

  forEach(look: (value: T, place: number) => void): void {
    for (const [place, value] of this.#open.entries()) if (value !== undefined) look(value, place);
  }
}
