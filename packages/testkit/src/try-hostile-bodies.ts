import { POLLUTION, hostileBodies } from './hostile-bodies.ts';
import { addressOf, readRouteRows } from './route-rows.ts';
import type { RouteRow } from './route-rows.ts';

export interface HostileRun {
  /** Where the service listens. It must run in this process: prototypes are looked at from inside. */
  readonly origin: string;
  /** Passes every guard, so that bodies come as far as they can. */
  readonly headers: Readonly<Record<string, string>>;
  readonly scope: { readonly tenant: string; readonly project: string };
  /** Of what is there, by the names of parameters; other ids are nobody's. */
  readonly ids?: Readonly<Record<string, string>>;
  /** In place of the service's table, for what is in none. */
  readonly rows?: readonly RouteRow[];
  /** How a refusal says what it is, where it is not `error_type`. */
  readonly errorType?: RegExp;
}

/** Parts of a stack, a path of ours, a statement, an error of a library: for the log, not for callers. */
const INSIDE =
  /\bat \S+ \(|node_modules|\/src\/|\.ts:\d|\bselect \S+ from\b|\binsert into\b|ReplyError|ECONN/i;
const ERROR_TYPE = /"error_type":"([\w.]+)"/;
const PROTOTYPES = [Object.prototype, Array.prototype, String.prototype, Function.prototype, Map.prototype];

/** Sends every route of a service that takes JSON each hostile body, and says what was answered as it must not be. */
export async function tryHostileBodies(run: HostileRun): Promise<{ tried: number; wrong: string[] }> {
  const table = run.rows ?? (await readRouteRows(run.origin));
  const rows = table.filter(({ wholeBody }) => wholeBody !== undefined);
  const before = shapes();
  const wrong: string[] = [];
  let tried = 0;
  for (const row of rows)
    for (const body of hostileBodies(row.wholeBody)) {
      tried += 1;
      const problem = (await lookAtAnswer(run, row, body)) ?? lookAtPrototypes(before);
      if (problem !== undefined) wrong.push(`${row.method} ${row.path} ${body.slice(0, 80)}: ${problem}`);
    }
  return { tried, wrong };
}

async function lookAtAnswer(run: HostileRun, row: RouteRow, body: string): Promise<string | undefined> {
  const nobodys = Object.fromEntries(row.parameters.map((name) => [name, 'nobody']));
  const address = addressOf(row, { ...nobodys, ...run.ids, ...run.scope });
  const answer = await fetch(`${run.origin}${address}`, {
    method: row.method,
    redirect: 'manual',
    headers: { ...run.headers, 'content-type': 'application/json' },
    body,
    signal: AbortSignal.timeout(60_000),
  });
  const text = await answer.text();
  if (answer.status < 400) return undefined;
  if (INSIDE.test(text)) return `the inside is told: ${text.slice(0, 300)}`;
  if (text.includes('\r\nSet-Cookie')) return 'a header was written';
  const [, type] = (run.errorType ?? ERROR_TYPE).exec(text) ?? [];
  if (answer.status >= 500 || type === undefined) return `${answer.status} ${text.slice(0, 300)}`;
  return answer.status === 429 ? 'a limit stood before the body' : undefined;
}

const shapes = (): string => PROTOTYPES.map((each) => Reflect.ownKeys(each).map(String).join()).join(';');

/** What was found is taken away again, so that the next body is judged by itself. */
function lookAtPrototypes(before: string): string | undefined {
  if (shapes() === before && !(POLLUTION in {})) return undefined;
  for (const each of PROTOTYPES) Reflect.deleteProperty(each, POLLUTION);
  return 'a prototype was changed';
}
