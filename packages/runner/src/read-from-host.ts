import type { FromHost } from '../host/messages.ts';
import { MAX_PARTS } from '../host/wire-parts.ts';

type Fields = Readonly<Record<string, unknown>>;

const isText = (value: unknown): value is string => typeof value === 'string';
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isOptional = (check: (value: unknown) => boolean) => (value: unknown) =>
  value === undefined || check(value);
const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const LEVELS: readonly unknown[] = ['debug', 'info', 'warn', 'error'];

const isIssues = (value: unknown) =>
  Array.isArray(value) &&
  value.every((issue) => isFields(issue) && isText(issue['path']) && isText(issue['message']));
const isError = (value: unknown) =>
  isFields(value) &&
  isText(value['name']) &&
  isText(value['message']) &&
  isOptional(isText)(value['stack']) &&
  isOptional(isText)(value['code']) &&
  isOptional(isIssues)(value['issues']);

const isPart = (value: unknown) =>
  isFields(value) &&
  isCount(value['id']) &&
  (value['as'] === 'bytes' || value['as'] === 'stream') &&
  Array.isArray(value['at']) &&
  value['at'].every((key) => isText(key) || isCount(key));
const isParts = (value: unknown) => Array.isArray(value) && value.length <= MAX_PARTS && value.every(isPart);

type Shape = Readonly<Record<string, (value: unknown) => boolean>>;

/** Field by field, what each message must be. `value`, `event` and `args` are the bundle's own: checked by who reads them. */
const SHAPES: Readonly<Record<FromHost['kind'], Shape>> = {
  result: {
    id: isCount,
    error: isOptional(isError),
    usedScratch: isOptional((value) => value === true),
  },
  head: { id: isCount, parts: isOptional(isParts) },
  event: { id: isCount, bytes: isCount },
  call: {
    id: isCount,
    call: isCount,
    target: isText,
    method: isText,
    args: Array.isArray,
    parts: isOptional(isParts),
  },
  log: { id: isOptional(isCount), level: (value) => LEVELS.includes(value), text: isText },
  pong: { id: isCount, rssBytes: isCount },
  fatal: { error: isError },
};

/** The same to look things up in, made once: a message is read for every word of a bundle. */
const CHECKS: ReadonlyMap<unknown, [field: string, check: Shape[string]][]> = new Map(
  Object.entries(SHAPES).map(([kind, shape]) => [kind, Object.entries(shape)]),
);

/** A host is not trusted: a bundle can write anything to its channel. Throws TypeError on what is not one of our messages. */
export function readFromHost(message: Fields & { readonly kind: unknown }): FromHost {
  const { kind } = message;
  const checks = CHECKS.get(kind);
  if (checks === undefined) throw new TypeError('the host sent a message of an unknown kind');
  for (const [field, check] of checks) {
    if (!check(message[field]))
      throw new TypeError(`the host sent a message with a wrong field: ${String(kind)}.${field}`);
  }
  return message as unknown as FromHost;
}
