/** A `timestamptz` expression as the wire's text, to the microsecond, so that a cursor made of it is exact. */
export function isoText(expression: string): string {
  return `to_char(${expression} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
}
