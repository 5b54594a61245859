import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HARMFUL, HARMLESS, playSteps, stepsOf } from '../test/play-steps.ts';
import type { Step } from '../test/play-steps.ts';

const write = (letters: string): Step[] =>
  Array.from(letters, () => ({ do: 'write', fate: 'heard', stream: '', turn: 't1' }));
const readGoes: Step = { do: 'let a read go', pick: 0 };

// Found by the property below, each once; named for what they caught.
describe('histories that went wrong once', () => {
  it('a catch-up that a Redis which came back older answers with a part of what it owes', async () => {
    const steps: Step[] = [
      { do: 'open' },
      { do: 'leave', pick: 0 },
      ...write('ab'),
      // Owes a and b from the log; c and d wait for it from the feed.
      { do: 'open' },
      ...write('c'),
      readGoes,
      ...write('d'),
      // Only a is left. The log ends there, and no entry behind it shows that b is missing.
      { do: 'come back older', lost: 3 },
      readGoes,
      readGoes,
    ];
    const [reader] = await playSteps(steps, 900);
    expect(reader?.resyncs).toBeGreaterThan(0);
  });
});

describe('log and publications, joined', () => {
  it('every id once and in order, and the text that was written, or a resync', async () => {
    const seen = { letters: 0, resyncs: 0, lagged: 0 };
    const steps = stepsOf(...HARMLESS, ...HARMFUL);
    await fc.assert(
      fc.asyncProperty(steps, fc.constantFrom(900, 2000, 1_000_000), async (all, maxBufferBytes) => {
        for (const reader of await playSteps(all, maxBufferBytes)) {
          seen.letters += reader.letters;
          seen.resyncs += reader.resyncs;
          seen.lagged += reader.lagged;
        }
      }),
      { numRuns: 300 },
    );
    // Nothing of it was tested if nothing of it happened.
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(100);
  }, 60_000);

  it('as long as the log loses nothing, no reader is ever told to resync, and each has every letter', async () => {
    let letters = 0;
    await fc.assert(
      fc.asyncProperty(stepsOf(...HARMLESS), async (steps) => {
        for (const reader of await playSteps(steps, 1_000_000)) {
          expect(reader.resyncs).toBe(0);
          letters += reader.letters;
        }
      }),
      { numRuns: 300 },
    );
    expect(letters).toBeGreaterThan(3000);
  }, 60_000);
});
