import type { z } from 'zod';
import { MASK } from './predictor-values.ts';

type Issue = z.core.$ZodIssue;

/** What is known of fields beside what a schema says of a value. */
export interface FieldFacts {
  /** Never to be shown. */
  readonly secrets: ReadonlySet<string>;
  /** Of whole numbers; of a text at their place the validator says only that it is no number. */
  readonly integers: ReadonlySet<string>;
}

/** The first thing that is wrong with an input, in the words that clients of predictors know. */
export function describeInputIssue(issue: Issue, input: unknown, { secrets, integers }: FieldFacts): string {
  const [first] = issue.path;
  const name = String(first ?? 'input');
  const value = valueAt(input, issue.path);
  if (value === undefined) return `missing required input field: ${issue.path.map(String).join('.')}`;
  const shown = secrets.has(name) ? MASK : show(value);
  const invalid = (why: string) => `invalid input value: ${name}=${shown} ${why}`;
  switch (issue.code) {
    case 'too_small':
      return invalid(
        issue.origin === 'string' || issue.origin === 'array'
          ? `fails constraint len() >= ${Number(issue.minimum)}`
          : `fails constraint ${issue.inclusive === false ? '>' : '>='} ${asFloat(Number(issue.minimum))}`,
      );
    case 'too_big':
      return invalid(
        issue.origin === 'string' || issue.origin === 'array'
          ? `fails constraint len() <= ${Number(issue.maximum)}`
          : `fails constraint ${issue.inclusive === false ? '<' : '<='} ${asFloat(Number(issue.maximum))}`,
      );
    case 'invalid_format':
      return invalid(
        issue.format === 'regex'
          ? `does not match regex ${show(withoutSlashes(issue.pattern ?? ''))}`
          : `is no ${issue.format}`,
      );
    case 'invalid_value':
      return invalid(`does not match choices [${issue.values.map(show).join(', ')}]`);
    case 'invalid_type':
      return `failed to normalize value ${shown} as ${issue.path.length === 1 && integers.has(name) ? 'int' : typeName(issue)}`;
    case 'invalid_union':
      return issue.errors.length === 0
        ? invalid(issue.message)
        : `failed to normalize value ${shown} as ${unionName(issue.errors)}`;
    case 'custom':
      return issue.message === 'Invalid input'
        ? `failed to normalize value ${shown} as Path`
        : invalid(issue.message);
    default:
      return invalid(issue.message);
  }
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  int: 'int',
  number: 'float',
  string: 'str',
  boolean: 'bool',
  array: 'list',
  object: 'dict',
  record: 'dict',
};

/** What each of several types would have been, by what was wrong with the value there. */
function unionName(errors: readonly (readonly Issue[])[]): string {
  const names = errors.map(([first]) => (first === undefined ? 'value' : wantedName(first)));
  return [...new Set(names)].join(' | ');
}

function wantedName(issue: Issue): string {
  // What is wrong further in is wrong with a thing that has an inside.
  if (issue.path.length > 0) return typeof issue.path[0] === 'number' ? 'list' : 'dict';
  switch (issue.code) {
    case 'invalid_type':
      return typeName(issue);
    case 'too_small':
    case 'too_big':
      return TYPE_NAMES[issue.origin] ?? issue.origin;
    case 'invalid_format':
      return 'str';
    case 'invalid_value':
      return `one of [${issue.values.map(show).join(', ')}]`;
    case 'invalid_union':
      return unionName(issue.errors);
    case 'custom':
      return issue.message === 'Invalid input' ? 'Path' : 'value';
    default:
      return 'value';
  }
}

function typeName(issue: Issue): string {
  if ('format' in issue && issue.format === 'safeint') return 'int';
  const expected = 'expected' in issue ? String(issue.expected) : '';
  return TYPE_NAMES[expected] ?? expected;
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = Object.hasOwn(value, key) ? (Reflect.get(value, key) as unknown) : undefined;
  }
  return value;
}

/** As Python would print it: clients know these messages from there. */
function show(value: unknown): string {
  if (typeof value === 'string') return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (Array.isArray(value)) return `[${value.map(show).join(', ')}]`;
  if (typeof value === 'object')
    return `{${Object.entries(value)
      .map(([key, one]) => `${show(key)}: ${show(one)}`)
      .join(', ')}}`;
  return JSON.stringify(value);
}

function asFloat(value: number): string {
  return Number.isInteger(value) ? `${value}.0` : String(value);
}

function withoutSlashes(pattern: string): string {
  return pattern.replace(/^\/(.*)\/[a-z]*$/u, '$1');
}
