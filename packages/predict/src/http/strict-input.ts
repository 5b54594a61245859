import { z } from 'zod';
import { ApiError } from '../api-error.ts';
import type { JsonObject } from '../prediction-view.ts';

/** 422 as FastAPI's clients know it: `{"detail": [{loc, msg, type}]}`. */
export class MisfitError extends ApiError {
  constructor(issues: readonly { loc: readonly (string | number)[]; msg: string; type: string }[]) {
    super(422, 'input does not fit the schema', issues);
  }
}

const readers = new WeakMap<JsonObject, z.ZodType>();

/** For servers that refuse what does not fit before anything is made of it. */
export function refuseMisfits(schemas: JsonObject | undefined, input: unknown): void {
  if (schemas === undefined) return;
  let reader = readers.get(schemas);
  if (reader === undefined) {
    reader = readerOf(schemas);
    readers.set(schemas, reader);
  }
  const parsed = reader.safeParse(input);
  if (parsed.success) return;
  throw new MisfitError(
    parsed.error.issues.map(({ path, message, code }) => ({
      loc: ['body', 'input', ...path.map((key) => (typeof key === 'number' ? key : String(key)))],
      msg: message,
      type: code,
    })),
  );
}

function readerOf(schemas: JsonObject): z.ZodType {
  const { Input, ...others } = schemas;
  const text = JSON.stringify({ ...(Input as object), definitions: others }).replaceAll(
    '#/components/schemas/',
    '#/definitions/',
  );
  return z.fromJSONSchema(JSON.parse(text) as Parameters<typeof z.fromJSONSchema>[0], {
    defaultTarget: 'openapi-3.0',
  });
}
