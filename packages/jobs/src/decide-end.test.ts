import { expect, test } from 'vitest';
import { decideEnd } from './decide-end.ts';

const job = { kind: 'job', attempt: 1, max_attempts: 3, backoff: null } as const;
const tick = { kind: 'schedule', attempt: 1, max_attempts: 1, backoff: null } as const;
const failed = { kind: 'failed', error: 'no' } as const;
const lost = { kind: 'lost', error: 'gone' } as const;
const away = { kind: 'unavailable', error: 'away' } as const;
const waited = (ageMs: number) => ({ ageMs, patience: { jobMs: 86_400_000, tickMs: 300_000 } });

test.each([
  ['a success', job, { kind: 'done' } as const, { status: 'done', error: null }],
  ['a job with attempts', job, failed, { status: 'queued', delayMs: 0 }],
  ['a job without', { ...job, attempt: 3 }, failed, { status: 'dead', error: 'no' }],
  ['a job that cannot get better', job, { kind: 'final', error: 'no' } as const, { status: 'dead' }],
  ['a job whose worker died', job, lost, { status: 'queued', delayMs: 0 }],
  ['a job whose last worker died', { ...job, attempt: 3 }, lost, { status: 'dead', error: 'gone' }],
  ['a tick that threw', { ...tick, max_attempts: 3 }, failed, { status: 'failed' }],
  ['a tick whose worker died', tick, lost, { status: 'interrupted' }],
  ['the same with retry', { ...tick, max_attempts: 3 }, lost, { status: 'queued', delayMs: 0 }],
])('%s', (_what, row, outcome, end) => {
  expect(decideEnd(row, outcome, waited(0))).toMatchObject(end);
});

test('pauses: fixed stay, exponential ones double, none is longer than a day', () => {
  const pauses = (kind: 'fixed' | 'exponential', delayMs: number) =>
    [1, 2, 3, 60].map(
      (attempt) =>
        decideEnd({ kind: 'job', attempt, max_attempts: 100, backoff: { kind, delayMs } }, failed, waited(0))
          .delayMs,
    );
  expect(pauses('fixed', 500)).toEqual([500, 500, 500, 500]);
  expect(pauses('exponential', 1000)).toEqual([1000, 2000, 4000, 86_400_000]);
});

test.each([
  ['a job', job, 0, { status: 'queued', delayMs: 1000, isGivenBack: true }],
  ['a job that has waited', job, 60_000, { status: 'queued', delayMs: 6000, isGivenBack: true }],
  ['a job that has waited long', job, 80_000_000, { status: 'queued', delayMs: 600_000, isGivenBack: true }],
  ['a job that has waited too long', job, 86_400_000, { status: 'dead', error: 'away' }],
  ['a tick', tick, 299_999, { status: 'queued', isGivenBack: true }],
  ['a tick that is no news any more', tick, 300_000, { status: 'failed', error: 'away' }],
])('its bundle takes nothing: %s', (_what, row, ageMs, end) => {
  expect(decideEnd(row, away, waited(ageMs))).toMatchObject(end);
});
