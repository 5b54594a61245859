/** One row of a service's route table, as its `openapi.json` tells it. */
export interface RouteRow {
  readonly method: string;
  /** With `{name}` for each parameter. */
  readonly path: string;
  readonly guard: 'none' | 'session' | 'user' | 'owner' | 'admin';
  readonly parameters: readonly string[];
  /** A body that its schema takes; undefined: it has none, or none that is JSON. */
  readonly body: unknown;
  /** The same with every field that the schema names. */
  readonly wholeBody: unknown;
  readonly query: string;
}

type Json = Record<string, unknown>;
interface Operation {
  readonly 'x-guard'?: RouteRow['guard'];
  readonly parameters?: readonly { name: string; in: string; required: boolean; schema: Json }[];
  readonly requestBody?: { content: Record<string, { schema: Json } | undefined> };
}

/** The route table of a service that runs, without its health. */
export const readRouteRows = async (origin: string): Promise<RouteRow[]> => {
  const answer = await fetch(`${origin}/openapi.json`);
  const { paths } = (await answer.json()) as { paths: Record<string, Record<string, Operation>> };
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => rowOf(method, path, operation)),
  );
};

function rowOf(method: string, path: string, operation: Operation): RouteRow {
  const { parameters = [], requestBody } = operation;
  const required = parameters.filter((one) => one.in === 'query' && one.required);
  const schema = requestBody?.content['application/json']?.schema;
  return {
    method: method.toUpperCase(),
    path,
    guard: operation['x-guard'] ?? 'none',
    parameters: parameters.filter((one) => one.in === 'path').map(({ name }) => name),
    body: schema === undefined ? undefined : sampleOf(schema),
    wholeBody: schema === undefined ? undefined : sampleOf(schema, true),
    query: new URLSearchParams(
      required.map(({ name, schema: one }) => [name, String(sampleOf(one))]),
    ).toString(),
  };
}

/** The smallest value that a schema takes, as far as sizes, choices and required fields say; formats get one of each. `isWhole`: with every field that it names. */
export function sampleOf(schema: Json, isWhole = false): unknown {
  const {
    type,
    required = [],
    properties = {},
  } = schema as { type?: string; required?: string[]; properties?: Record<string, Json> };
  const [choice] = ((schema['anyOf'] ?? schema['oneOf'] ?? []) as Json[]).filter(
    ({ type: one }) => one !== 'null',
  );
  if (choice !== undefined) return sampleOf(choice, isWhole);
  if (schema['const'] !== undefined) return schema['const'];
  if (Array.isArray(schema['enum'])) return schema['enum'][0] as unknown;
  if (schema['default'] !== undefined) return schema['default'];
  switch (type) {
    case 'object':
      return Object.fromEntries(
        (isWhole ? Object.keys(properties) : required).map((name) => [
          name,
          sampleOf(properties[name] ?? {}, isWhole),
        ]),
      );
    case 'array':
      return Array.from({ length: Number(schema['minItems'] ?? 0) }, () =>
        sampleOf((schema['items'] ?? {}) as Json, isWhole),
      );
    case 'integer':
    case 'number':
      return Number(schema['minimum'] ?? 1);
    case 'boolean':
      return true;
    default:
      return 'x'.repeat(Math.max(1, Number(schema['minLength'] ?? 1)));
  }
}

/** The address of a row with these ids in its path. Throws for a parameter that nobody thought of: a new route is to be thought of. */
export function addressOf(row: RouteRow, ids: Readonly<Record<string, string>>): string {
  const path = row.path.replaceAll(/\{(\w+)\}/g, (_whole, name: string) => {
    const id = ids[name];
    if (id === undefined) throw new Error(`${row.method} ${row.path}: what is {${name}}?`);
    return encodeURIComponent(id);
  });
  return `${path}${row.query === '' ? '' : `?${row.query}`}`;
}
