import type { LogEntry } from '@switchyard/protocol';
import { describe, expect, it } from 'vitest';
import { MODEL_TTL_MS, ModelLog } from '../test/model-log.ts';
import { decidePageSize, readCatchUp } from './read-catch-up.ts';

const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Reads from the first of ten entries to the tenth, with `meanwhile` between the first page and the rest. */
async function read(meanwhile: (model: ModelLog) => void): Promise<string[]> {
  const model = new ModelLog();
  for (const letter of 'abcdefghij') model.write(letter, '', 't1');
  const [first, last] = [model.written[0], model.written[9]];
  const pages = readCatchUp({
    log: model,
    sessionId: 's',
    from: first?.logId ?? '',
    upTo: last?.logId ?? '',
    pageSize: 3,
    pageBytes: 1_000_000,
    ttlMs: MODEL_TTL_MS,
  });
  const seen: string[] = [];
  for (;;) {
    const next = pages.next();
    await settle();
    model.letOneGo(0);
    const { done, value } = await next;
    if (done === true) return seen;
    seen.push(
      value === 'lost' ? 'lost' : value.map((entry) => /"text":"(\w)"/.exec(entry.data)?.[1]).join(''),
    );
    if (seen.length === 1) meanwhile(model);
  }
}

describe('reading from one position to another', () => {
  it('gives pages up to the end, and not what was written after it', async () => {
    expect(await read((model) => void model.write('z', '', 't1'))).toEqual(['bcd', 'efg', 'hij']);
  });

  it.each([
    ['the next ones are cut off', (model: ModelLog) => model.cutTo(5)],
    [
      'all of it is cut off by what was written since',
      (model: ModelLog) => {
        for (const letter of 'klm') model.write(letter, '', 't1');
        model.cutTo(2);
      },
    ],
    ['the log expires', (model: ModelLog) => model.passTime(MODEL_TTL_MS * 1000)],
    ['Redis comes back empty', (model: ModelLog) => model.comeBackOlder(100)],
    ['Redis comes back older', (model: ModelLog) => model.comeBackOlder(6)],
  ])('says so when meanwhile %s', async (_what, meanwhile) => {
    expect(await read(meanwhile)).toEqual(['bcd', 'lost']);
  });

  it('says so behind the last entries that a Redis which came back older still has', async () => {
    expect(await read((model) => model.comeBackOlder(4))).toEqual(['bcd', 'ef', 'lost']);
  });

  it('asks for as many entries as fit', () => {
    const page = (count: number, bytes: number) =>
      Array.from({ length: count }, () => ({ data: 'x'.repeat(bytes) }) as LogEntry);
    expect(decidePageSize(page(64, 200), 500, 1_000_000)).toBe(500);
    expect(decidePageSize(page(64, 20_000), 500, 1_000_000)).toBe(50);
    expect(decidePageSize(page(2, 5_000_000), 500, 1_000_000)).toBe(1);
  });
});
