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

/** Of one message: the files of a whole site fit, and neither side keeps more streams open than that. */
export const MAX_PARTS = 2048;
/** What the parts of one message may hold together, in those that one of them may hold: many small ones are no way around the bound. */
const WHOLE_PARTS_TOGETHER = 8;

/** The value with `null` where bytes or streams stood, and those. What holds none is returned as it is, not copied. Throws RangeError on more than fit in a message. */
export function takeParts(value: unknown): { value: unknown; found: FoundPart[] } {
  if (!holdsParts(value, 0)) return { value, found: [] };
  const found: FoundPart[] = [];
  const rest = walk(value, [], found);
  if (found.length > MAX_PARTS)
    throw new RangeError(`more than ${MAX_PARTS} pieces of bytes at once: send fewer`);
  return { value: rest, found };
}

/** A look without a copy of anything: most messages hold none. */
function holdsParts(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) return false;
  if (Array.isArray(value)) return value.some((inner) => holdsParts(inner, depth + 1));
  if (isBytes(value) || isStream(value)) return true;
  for (const key of Object.keys(value))
    if (holdsParts((value as Record<string, unknown>)[key], depth + 1)) return true;
  return false;
}

const isBytes = (value: object): value is Uint8Array => value instanceof Uint8Array;
const isStream = (value: object): boolean =>
  value instanceof ReadableStream || (Symbol.asyncIterator in value && !Array.isArray(value));

function walk(value: unknown, at: readonly (string | number)[], found: FoundPart[]): unknown {
  if (typeof value !== 'object' || value === null || at.length > MAX_DEPTH) return value;
  if (isBytes(value)) {
    found.push({ at, as: 'bytes', source: value });
    return null;
  }
  if (isStream(value)) {
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
  let left = maxBytes * WHOLE_PARTS_TOGETHER;
  const place = (part: WirePart, held: unknown) => put(root, ['value', ...part.at], held);
  const unread = parts.filter(({ as }) => as === 'bytes');
  const streams = parts
    .filter(({ as }) => as === 'stream')
    .map((part) => ({ part, stream: pipe.open(part.id) }));
  try {
    for (const { part, stream } of streams) place(part, stream);
    // One after another: a site's files are more than a pipe has places, and one that nobody opened waits at its sender.
    for (let part = unread.shift(); part !== undefined; part = unread.shift()) {
      const bytes = await collect(pipe.open(part.id), Math.min(maxBytes, left));
      left -= bytes.byteLength;
      place(part, bytes);
    }
  } catch (error) {
    for (const { stream } of streams) void stream.return();
    // What stands in the way of that is what `error` tells already.
    void releaseParts(unread, pipe).catch(() => undefined);
    throw error;
  }
  return root['value'];
}

/** Lets go of what nobody reads, one after another: their sender waits until they are opened. Rejects with RangeError on a part that is open already. */
export async function releaseParts(parts: readonly WirePart[], pipe: Pick<BytePipe, 'open'>): Promise<void> {
  for (const { id } of parts) {
    const stream = pipe.open(id);
    void stream.return();
    await stream.ended;
  }
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
