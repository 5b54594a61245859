/** Names that begin with `start` and then `prefix`, without `start`, in order. */
export function namesBelow(keys: Iterable<string>, start: string, prefix: string): string[] {
  const below = [...keys].filter((key) => key.startsWith(start + prefix));
  return below.map((key) => key.slice(start.length)).toSorted((a, b) => (a < b ? -1 : 1));
}

/** As the platform's lists are cut: the next page begins behind the last name. */
export function pageOf(all: readonly string[], limit: number, cursor: string | undefined) {
  const left = cursor === undefined ? all : all.filter((name) => name > cursor);
  const names = left.slice(0, limit);
  const last = names.at(-1);
  return { names, next: left.length > limit && last !== undefined ? { next_cursor: last } : {} };
}
