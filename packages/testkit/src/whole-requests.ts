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
