import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { SseOutlet } from './sse-outlet.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('has one timer for all of its streams, as long as there are any', () => {
  const outlet = new SseOutlet(3000);
  let beats = 0;
  const streams = [1, 2, 3].map(() => ({ onBeat: () => void (beats += 1) }));
  for (const stream of streams) outlet.add(stream);
  vi.advanceTimersByTime(1000);
  expect([beats, vi.getTimerCount()]).toEqual([3, 1]);
  for (const stream of streams) outlet.remove(stream);
  expect(vi.getTimerCount()).toBe(0);
});

it('makes the chunk of a frame once for all who get it in turn', () => {
  const outlet = new SseOutlet();
  const frame = { id: '1-1', event: 'e', data: 'ü' };
  const chunk = outlet.chunkOf(frame);
  expect(chunk.toString()).toBe('1b\r\nid: 1-1\nevent: e\ndata: ü\n\n\r\n');
  expect(outlet.chunkOf({ ...frame })).toBe(chunk);
  for (const other of [{ id: '1-2' }, { event: 'f' }, { data: 'u' }, { comment: 'c' }, { retryMs: 1 }])
    expect(outlet.chunkOf({ ...frame, ...other })).not.toEqual(chunk);
});
