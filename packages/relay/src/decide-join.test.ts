import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decideJoin } from './decide-join.ts';
import { CLOCK_MARGIN_MICROSECONDS, compareLogIds } from './log-id.ts';

const TTL_MS = 60_000;
// How long an empty log proves that nothing was lost: its life, less what a clock may be set back.
const TTL = TTL_MS * 1000 - CLOCK_MARGIN_MICROSECONDS;
const LIFE = TTL_MS * 1000;
const log = { epoch: 3, position: '3-9000', time: '3-9000', first: { logId: '3-5000', prev: '3-4000' } };

describe('decideJoin', () => {
  it.each([
    ['no id', undefined, log, { kind: 'fresh', from: '3-9000' }],
    ['an id in the log', '3-6000', log, { kind: 'resume', from: '3-6000' }],
    ['the oldest entry', '3-5000', log, { kind: 'resume', from: '3-5000' }],
    ['the last entry that was cut off', '3-4000', log, { kind: 'resume', from: '3-4000' }],
    ['an older one', '3-3999', log, { kind: 'resync', from: '3-9000', why: 'log_too_short' }],
    ['the newest', '3-9000', log, { kind: 'resume', from: '3-9000' }],
    ['one from the future', '3-9001', log, { kind: 'resync', from: '3-9000', why: 'ahead_of_log' }],
    ['another epoch', '2-6000', log, { kind: 'resync', from: '3-9000', why: 'other_epoch' }],
    ['no id at all', 'e-1', log, { kind: 'resync', from: '3-9000', why: 'not_an_id' }],
    [
      'an empty log, a fresh id',
      '3-9000',
      { epoch: 3, position: '3-9000', time: `3-${9000 + TTL - 1}` },
      { kind: 'resume', from: '3-9000' },
    ],
    [
      'an empty log, an old id',
      '3-9000',
      { epoch: 3, position: '3-9000', time: `3-${9000 + TTL}` },
      { kind: 'resync', from: '3-9000', why: 'log_too_short' },
    ],
    [
      'a log that began after a fresh id',
      '3-100',
      { epoch: 3, position: '3-9000', time: '3-9000', first: { logId: '3-200', prev: '0-0' } },
      { kind: 'resume', from: '3-100' },
    ],
    [
      'a log that began long after',
      '3-100',
      {
        epoch: 3,
        position: `3-${TTL + 200}`,
        time: `3-${TTL + 200}`,
        first: { logId: `3-${TTL + 100}`, prev: '0-0' },
      },
      { kind: 'resync', from: `3-${TTL + 200}`, why: 'log_too_short' },
    ],
  ] as const)('%s', (_what, lastEventId, view, expected) => {
    expect(decideJoin(lastEventId, view, TTL_MS)).toEqual(expected);
  });

  it('never claims a resume when an entry after the id is gone', () => {
    // A history of appends with pauses; the log expires TTL after its last entry and keeps at most `cap` entries.
    const history = fc.array(fc.integer({ min: 1, max: 2 * LIFE }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(
        history,
        fc.integer({ min: 1, max: 6 }),
        fc.nat(),
        fc.nat(LIFE * 3),
        (pauses, cap, pick, rest) => {
          const written: { logId: string; prev: string }[] = [];
          let kept: { logId: string; prev: string }[] = [];
          let seq = 10_000_000;
          for (const pause of pauses) {
            seq += pause;
            if (pause >= LIFE) kept = [];
            const entry = { logId: `1-${seq}`, prev: kept.at(-1)?.logId ?? '0-0' };
            written.push(entry);
            kept = [...kept, entry].slice(-cap);
          }
          const now = seq + rest;
          if (rest >= LIFE) kept = [];
          const clientId = `1-${10_000_000 + (pick % (now - 9_999_999))}`;
          const [first] = kept;
          const join = decideJoin(
            clientId,
            {
              epoch: 1,
              position: `1-${Math.max(now - CLOCK_MARGIN_MICROSECONDS, seq)}`,
              time: `1-${now}`,
              ...(first === undefined ? {} : { first }),
            },
            TTL_MS,
          );
          const owed = written.filter((entry) => compareLogIds(entry.logId, clientId) > 0);
          const readable = kept.filter((entry) => compareLogIds(entry.logId, clientId) > 0);
          if (join.kind === 'resume') expect(readable).toEqual(owed);
        },
      ),
      { numRuns: 2000 },
    );
  });
});
