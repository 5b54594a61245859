import { addressOf } from './route-rows.ts';
import type { RouteRow } from './route-rows.ts';

/** A request that would be taken, before anything of it is spoilt. */
export interface WholeRequest {
  readonly method: string;
  /** With its query. */
  readonly address: string;
  /** JSON as text; undefined: the route takes none. */
  readonly json?: string | undefined;
}

/** Each row of a route table as a request. `ids` are those of its paths' parameters; what is not named is nobody's. */
export const wholeRequests = (
  rows: readonly RouteRow[],
  ids: Readonly<Record<string, string>>,
): WholeRequest[] =>
  rows.map((row) => {
    const nobodys = Object.fromEntries(row.parameters.map((name) => [name, 'nobody']));
    const json = row.wholeBody === undefined ? undefined : JSON.stringify(row.wholeBody);
    return { method: row.method, address: addressOf(row, { ...nobodys, ...ids }), json };
  });

/** Header lines of somebody who is nobody, and what a good token becomes on its way. */
export const credentialLines = (good: readonly string[]): string[] => [
  ...good.flatMap((token) => [
    `Authorization: Bearer ${token}`,
    `Authorization: Bearer ${token.slice(0, -4)}`,
    `Authorization: Bearer ${token.split('.').slice(0, 2).join('.')}.`,
    `Cookie: __Secure-LATC=${token}; __Secure-LATC=${token}`,
  ]),
  'Authorization: Bearer',
  'Authorization: Bearer a.b.c',
  'Authorization: Basic YTpi',
  'Authorization: Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJyb290In0.',
  'Authorization: Bearer eyJhbGciOiJIUzI1NiIsImtpZCI6Ii4uLy4uIn0.bnVsbA.x',
  `Authorization: Bearer ${'a'.repeat(9000)}`,
  'X-ID-Token: \xff\xfe',
  'User-Session-ID: ../../a',
  'Cookie: a=%; =; ;; b="\x01',
  'Idempotency-Key: a\tb',
  'X-A: b',
];
