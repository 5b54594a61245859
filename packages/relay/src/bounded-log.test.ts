import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ModelLog } from '../test/model-log.ts';
import { createReadGate } from './read-gate.ts';
import { createBoundedLog } from './bounded-log.ts';

const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

function filled(count: number): ModelLog {
  const model = new ModelLog();
  for (let at = 0; at < count; at += 1) model.write('x', '', 't1');
  return model;
}

/** Lets reads go until none comes any more; how many there were, and how many waited at once at most. */
async function answerAll(model: ModelLog): Promise<{ reads: number; atOnce: number }> {
  let [reads, atOnce] = [0, 0];
  await settle();
  while (model.waitingReads > 0) {
    atOnce = Math.max(atOnce, model.waitingReads);
    reads += 1;
    model.letOneGo(reads);
    await settle();
  }
  return { reads, atOnce };
}

describe('a bounded log', () => {
  it('gives every reader of a session its own part, from few reads', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 60 }),
        fc.array(fc.nat(60), { minLength: 2, maxLength: 20 }),
        fc.integer({ min: 1, max: 20 }),
        async (length, places, count) => {
          const model = filled(length);
          const ids = model.written.map((entry) => entry.logId);
          const log = createBoundedLog(model, createReadGate(4));
          const pages = places.map(async (place) => {
            const from = Math.min(place, length);
            const page = await log.readAfter('s', ids[from - 1] ?? '0-0', count);
            const found = page.entries.map((entry) => entry.logId);
            // At least one where there is one, never more than asked for, nothing left out.
            expect(found).toEqual(ids.slice(from, from + found.length));
            expect(found.length).toBeLessThanOrEqual(count);
            if (from < length) expect(found.length).toBeGreaterThan(0);
            // A page that is just full may be the last without knowing it.
            if (page.isEnd) expect(from + found.length).toBe(length);
            else expect(found.length).toBeGreaterThan(0);
          });
          const { reads } = await answerAll(model);
          await Promise.all(pages);
          expect(reads).toBeLessThanOrEqual(places.length);
          if (length < count) expect(reads).toBeLessThanOrEqual(2);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('asks no more at once than it may, whatever comes', async () => {
    const model = filled(3);
    const gate = createReadGate(5);
    const log = createBoundedLog(model, gate);
    const all = Array.from({ length: 100 }, (_, at) =>
      at % 2 === 0 ? log.view(`s${at}`) : log.readAfter(`s${at}`, '0-0', 10),
    );
    expect(await answerAll(model)).toEqual({ reads: 100, atOnce: 5 });
    await Promise.all(all);
    expect(gate.counts).toEqual({ active: 0, peak: 5, total: 100 });
  });

  it('tells everybody who waited when a read fails, and goes on', async () => {
    const model = filled(2);
    const gate = createReadGate(1);
    let isDown = true;
    const log = createBoundedLog(
      Object.assign(Object.create(model) as ModelLog, {
        readAfter: (sessionId: string, after: string, count: number) =>
          isDown ? Promise.reject(new Error('down')) : model.readAfter(sessionId, after, count),
      }),
      gate,
    );
    const failed = await Promise.allSettled([log.readAfter('s', '0-0', 5), log.readAfter('s', '0-0', 5)]);
    expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    isDown = false;
    const page = log.readAfter('s', '0-0', 5);
    await answerAll(model);
    expect((await page).entries).toHaveLength(2);
    expect(gate.counts.active).toBe(0);
  });
});
