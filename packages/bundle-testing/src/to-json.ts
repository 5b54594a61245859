/** What would be left of a value on its way over a wire. */
export function toJson<T>(value: T) {
  return JSON.parse(JSON.stringify(value)) as never;
}
