import { describe, expect, it } from 'vitest';
import { decideLanes } from './read-lanes.ts';

const NOW_MS = Date.UTC(2026, 0, 5, 10);
const lane = (since: string, nextTaskId = 'task_1') => ({
  lane: 'paid',
  ready: 2,
  inflight: 1,
  nextTaskId,
  since,
});
const decide = (since: string, limitMs: number, nextTaskId?: string) =>
  decideLanes({ nowMs: NOW_MS, load: 3, capacity: 64, workers: 1, lanes: [lane(since, nextTaskId)] }, limitMs)
    .lanes[0];

describe('how long a lane waits', () => {
  it('is how long its next task does, and late beyond the limit', () => {
    const since = '2026-01-05T09:59:20.000000Z';
    expect(decide(since, 30_000)).toMatchObject({ oldest_wait_seconds: 40, is_late: true });
    expect(decide(since, 40_000)).toMatchObject({ oldest_wait_seconds: 40, is_late: false });
  });

  it('is never less than nothing, whatever the clocks say', () => {
    expect(decide('2026-01-05T10:00:01.000000Z', 1)).toMatchObject({
      oldest_wait_seconds: 0,
      is_late: false,
    });
  });

  it('is nothing where nothing waits, and no alarm where the limit is 0', () => {
    expect(decide('', 1, '')).toMatchObject({
      oldest_wait_seconds: null,
      next_task_id: null,
      is_late: false,
    });
    expect(decide('2020-01-01T00:00:00.000000Z', 0)?.is_late).toBe(false);
  });
});
