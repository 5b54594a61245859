import type { JsonObject } from './prediction-view.ts';

export const MASK = '**********';

type Schema = Readonly<Record<string, unknown>>;

/** What stands at one place of an input, by its schema. */
export interface FoundValue<T = string> {
  readonly pointer: string;
  readonly value: T;
}

/** The names that have to be there. */
export function requiredNames(schemas: JsonObject): readonly string[] {
  const required = asSchema(schemas['Input'])['required'];
  return Array.isArray(required) ? (required as string[]) : [];
}

/** Its output comes one by one. */
export function iteratesOf(schemas: JsonObject): boolean {
  return asSchema(schemas['Output'])['x-cog-array-type'] === 'iterator';
}

/** Texts at places that the schema marks as files. A text that may be a plain one as well is never a file. */
export function findFiles(schemas: JsonObject, input: JsonObject): FoundValue[] {
  const isPlace: Test = (options, value) => {
    const texts = options.filter(({ type }) => type === 'string' || type === undefined);
    return typeof value === 'string' && texts.length > 0 && texts.every(isFile);
  };
  return find(schemas, input, isPlace).flatMap(({ pointer, value }) =>
    typeof value === 'string' ? [{ pointer, value }] : [],
  );
}

/** The input with asterisks at places that the schema marks as secret, whatever stands there: a number may be one in the wrong form. */
export function maskSecrets(schemas: JsonObject, input: JsonObject): JsonObject {
  return findSecrets(schemas, input).reduce<JsonObject>(
    (masked, { pointer }) => replaceAt(masked, pointer, MASK),
    input,
  );
}

/** Every text and number that stands at such a place, or in what stands there. */
export function secretTexts(schemas: JsonObject, input: JsonObject): string[] {
  return findSecrets(schemas, input).flatMap(({ value }) => textsOf(value));
}

function findSecrets(schemas: JsonObject, input: JsonObject): FoundValue<unknown>[] {
  return find(schemas, input, (options) => options.some((schema) => schema['x-cog-secret'] === true));
}

function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value === 'number') return [String(value)];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsOf) : [];
}

/** For an input whose schema nobody knows yet: any text could be a secret. */
export function maskTexts(value: unknown): unknown {
  if (typeof value === 'string') return MASK;
  if (Array.isArray(value)) return value.map(maskTexts);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, maskTexts(one)]));
}

/** A copy in which one place holds another value. The place is there: it was found. */
export function replaceAt<T>(root: T, pointer: string, value: unknown): T {
  if (pointer === '') return value as T;
  const [, first = '', ...rest] = pointer.split('/');
  const key = first.replaceAll('~1', '/').replaceAll('~0', '~');
  const below = rest.length === 0 ? '' : `/${rest.join('/')}`;
  if (Array.isArray(root))
    return (root as unknown[]).map((one, at) =>
      String(at) === key ? replaceAt(one, below, value) : one,
    ) as T;
  // fromEntries: a key may be `__proto__`, which an object literal would take for something else.
  const entries = Object.entries(root as object).map(([name, one]) => [
    name,
    name === key ? replaceAt(one as unknown, below, value) : (one as unknown),
  ]);
  return Object.fromEntries(entries) as T;
}

/** Given the schemas that a value may follow. */
type Test = (options: readonly Schema[], value: unknown) => boolean;

function find(schemas: JsonObject, input: JsonObject, test: Test): FoundValue<unknown>[] {
  const found: FoundValue<unknown>[] = [];
  walk(schemas, asSchema(schemas['Input']), input, '', test, found, 0);
  return found;
}

const MAX_DEPTH = 32;

function walk(
  schemas: JsonObject,
  given: Schema,
  value: unknown,
  pointer: string,
  test: Test,
  found: FoundValue<unknown>[],
  depth: number,
): void {
  if (depth > MAX_DEPTH || value === null || value === undefined) return;
  const options = optionsOf(schemas, given);
  if (test(options, value)) {
    found.push({ pointer, value });
    return;
  }
  for (const schema of options) {
    if (Array.isArray(value)) {
      const items = schema['items'];
      if (items === undefined) continue;
      for (const [at, one] of value.entries())
        walk(schemas, asSchema(items), one, `${pointer}/${at}`, test, found, depth + 1);
      return;
    }
    if (typeof value !== 'object') return;
    const properties = asSchema(schema['properties']);
    const more = schema['additionalProperties'];
    for (const [name, one] of Object.entries(value)) {
      const below = Object.hasOwn(properties, name) ? properties[name] : more;
      const at = `${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
      if (typeof below === 'object') walk(schemas, asSchema(below), one, at, test, found, depth + 1);
    }
  }
}

/** The schemas that a value may follow, references resolved. */
function optionsOf(schemas: JsonObject, schema: Schema): Schema[] {
  const ref = schema['$ref'];
  if (typeof ref === 'string') {
    const name = ref.slice(ref.lastIndexOf('/') + 1);
    return Object.hasOwn(schemas, name) ? optionsOf(schemas, asSchema(schemas[name])) : [];
  }
  for (const key of ['anyOf', 'oneOf', 'allOf']) {
    const several = schema[key];
    if (Array.isArray(several)) return several.flatMap((one) => optionsOf(schemas, asSchema(one)));
  }
  return [schema];
}

function isFile(schema: Schema): boolean {
  return schema['type'] === 'string' && schema['format'] === 'uri';
}

function asSchema(value: unknown): Schema {
  return typeof value === 'object' && value !== null ? (value as Schema) : {};
}
