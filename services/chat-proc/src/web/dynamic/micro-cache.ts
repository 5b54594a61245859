import { LRUCache } from 'lru-cache';
import type { Clock } from '@switchyard/kernel';
import type { HeaderList } from '@switchyard/protocol';

/** An answer that may be given again. */
export interface KeptAnswer {
  readonly status: number;
  readonly headers: HeaderList;
  readonly body: Uint8Array;
  readonly bundleId: string;
  readonly tags: readonly string[];
  /** Milliseconds of the monotonic clock. */
  readonly keptAt: number;
  readonly freshMs: number;
  /** After that, given once more while somebody makes a new one. */
  readonly staleMs: number;
}

/** What an answer allows; undefined: it is not to be kept. */
export interface KeepRule {
  readonly freshMs: number;
  readonly staleMs: number;
  readonly tags: readonly string[];
}

const KEPT_STATUSES: ReadonlySet<number> = new Set([200, 301, 308, 404, 410]);
/** Request headers that are a part of the key; a handler whose answer is kept sees no others. */
export const KEYED_HEADERS: readonly string[] = ['accept', 'accept-language'];
export const MAX_KEPT_BYTES = 1024 * 1024;

/** Only what asks for it (`s-maxage`), says nothing of a person and differs by nothing that is not in the key. */
export function decideKeep(status: number, headers: HeaderList): KeepRule | undefined {
  const of = (wanted: string): string =>
    headers
      .filter(([name]) => name.toLowerCase() === wanted)
      .map(([, value]) => value)
      .join(',');
  const control = directivesOf(of('cache-control'));
  const freshMs = secondsOf(control.get('s-maxage')) * 1000;
  if (!KEPT_STATUSES.has(status) || freshMs === 0 || of('set-cookie') !== '') return undefined;
  if (['private', 'no-store', 'no-cache'].some((name) => control.has(name))) return undefined;
  if (listOf(of('vary').toLowerCase()).some((name) => !KEYED_HEADERS.includes(name))) return undefined;
  const staleMs = secondsOf(control.get('stale-while-revalidate')) * 1000;
  return { freshMs, staleMs, tags: listOf(of('cache-tag')) };
}

/** Answers of sites that are given again for a short while, in memory, the least recently used ones going first. */
export class MicroCache {
  readonly #kept: LRUCache<string, KeptAnswer>;
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #renewing = new Set<string>();
  #generation = 0;

  constructor(maxBytes: number, clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
    this.#kept = new LRUCache({
      maxSize: maxBytes,
      sizeCalculation: ({ body, headers }, key) => body.length + key.length + 200 * headers.length + 500,
    });
  }

  /** Of now: what is kept for an answer that was asked for before a purge is what the purge is about. */
  get generation(): number {
    return this.#generation;
  }

  find(key: string): { answer: KeptAnswer; ageMs: number; isFresh: boolean } | undefined {
    const answer = this.#kept.get(key);
    if (answer === undefined) return undefined;
    const ageMs = this.#clock.monotonic() - answer.keptAt;
    if (ageMs > answer.freshMs + answer.staleMs) {
      this.#kept.delete(key);
      return undefined;
    }
    return { answer, ageMs, isFresh: ageMs <= answer.freshMs };
  }

  keep(key: string, answer: Omit<KeptAnswer, 'keptAt'>, generation: number): void {
    if (generation !== this.#generation || answer.body.length > MAX_KEPT_BYTES) return;
    this.#kept.set(key, { ...answer, keptAt: this.#clock.monotonic() });
  }

  /** One renewal of a key at a time; false: somebody is at it. */
  async renew(key: string, make: () => Promise<void>): Promise<boolean> {
    if (this.#renewing.has(key)) return false;
    this.#renewing.add(key);
    try {
      await make();
    } finally {
      this.#renewing.delete(key);
    }
    return true;
  }

  purge(bundleId: string, tags: readonly string[]): void {
    this.#generation += 1;
    for (const [key, answer] of this.#kept.entries())
      if (answer.bundleId === bundleId && answer.tags.some((tag) => tags.includes(tag)))
        this.#kept.delete(key);
  }

  /** Purges may have been missed. */
  forgetAll(): void {
    this.#generation += 1;
    this.#kept.clear();
  }
}

function directivesOf(header: string): Map<string, string> {
  return new Map(
    listOf(header).map((one) => {
      const [name = '', value = ''] = one.split('=', 2);
      return [name.trim().toLowerCase(), value.trim()];
    }),
  );
}

function secondsOf(value: string | undefined): number {
  return value !== undefined && /^\d{1,7}$/u.test(value) ? Number(value) : 0;
}

function listOf(header: string): string[] {
  return header
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');
}
