import type { BytePipe } from './byte-pipe.ts';
import { collect } from './incoming-stream.ts';
import type { ByteSource } from './outgoing-stream.ts';

/** Where in a message bytes belong that travel beside it. `stream`: handed over while they come; `bytes`: when all are there. */
export interface WirePart {
  readonly at: readonly (string | number)[];
  readonly id: number;
  readonly as: 'bytes' | 'stream';
}

interface FoundPart {
  readonly at: readonly (string | number)[];
  readonly as: 'bytes' | 'stream';
  readonly source: ByteSource;
}

/** Deeper than any schema of ours; also the end of circles. */
const MAX_DEPTH = 6;

/** The value with `null` where bytes or streams stood, and those. What holds none is returned as it is, not copied. */
export function takeParts(value: unknown): { value: unknown; found: FoundPart[] } {
  const found: FoundPart[] = [];
  return { value: walk(value, [], found), found };
}

function walk(value: unknown, at: readonly (string | number)[], found: FoundPart[]): unknown {
  if (typeof value !== 'object' || value === null || at.length > MAX_DEPTH) return value;
  if (value instanceof Uint8Array) {
    found.push({ at, as: 'bytes', source: value });
    return null;
  }
  if (value instanceof ReadableStream || (Symbol.asyncIterator in value && !Array.isArray(value))) {
    found.push({ at, as: 'stream', source: value as ByteSource });
    return null;
  }
  const before = found.length;
  const entries = Object.entries(value).map(
    ([key, inner]) => [key, walk(inner, [...at, Array.isArray(value) ? Number(key) : key], found)] as const,
  );
  if (found.length === before) return value;
  return Array.isArray(value) ? entries.map(([, inner]) => inner) : Object.fromEntries(entries);
}

/** Puts the parts of a message in their places. Resolves when those that come as `bytes` are whole; throws on a place that is none. */
export async function putParts(
  value: unknown,
  parts: readonly WirePart[],
  pipe: Pick<BytePipe, 'open'>,
  maxBytes: number,
): Promise<unknown> {
  const root: Record<string, unknown> = { value };
  // Opened before any is waited for: a stream that nobody opens holds up its sender.
  const opened = parts.map((part) => ({ part, stream: pipe.open(part.id) }));
  try {
    for (const { part, stream } of opened) {
      put(root, ['value', ...part.at], part.as === 'stream' ? stream : await collect(stream, maxBytes));
    }
  } catch (error) {
    for (const { stream } of opened) void stream.return();
    throw error;
  }
  return root['value'];
}

function put(root: Record<string, unknown>, at: readonly (string | number)[], value: unknown): void {
  let holder: Record<string, unknown> = root;
  for (const key of at.slice(0, -1)) {
    const next: unknown = Object.hasOwn(holder, key) ? holder[key] : undefined;
    if (typeof next !== 'object' || next === null) throw new TypeError('a part has no place in its message');
    holder = next as Record<string, unknown>;
  }
  const last = at.at(-1) ?? '';
  // Only over the null that stands for it: nothing else of the message can be replaced, nothing inherited reached.
  if (!Object.hasOwn(holder, last) || holder[last] !== null)
    throw new TypeError('a part has no place in its message');
  holder[last] = value;
}
