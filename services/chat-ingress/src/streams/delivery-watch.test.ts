import type { FollowedFrame } from '@switchyard/relay';
import { expect, it } from 'vitest';
import { watchDelivery } from './delivery-watch.ts';

it('measures the first and the last event of a turn that came while the stream was open', () => {
  const seen: number[] = [];
  let nowMs = 1_767_607_200_000;
  const clock = { now: () => nowMs, monotonic: () => nowMs };
  const [parts, since] = [{ clock, onDelivered: (ms: number) => seen.push(ms) }, nowMs];
  const watch = (frame: Pick<FollowedFrame, 'event' | 'id'>) => watchDelivery(parts, since, frame);
  nowMs += 50;
  watch({ event: 'chat_start', id: '7-1767607200020000' });
  watch({ event: 'chat_delta', id: '7-1767607200030000' });
  watch({ event: 'chat_complete', id: '7-1767607200047500' });
  watch({ event: 'chat_error', id: '7-1767607200060000' });
  watch({ event: 'chat_complete', id: '7-1767607199999000' });
  watch({ event: 'chat_complete' });
  expect(seen).toEqual([30, 2.5, 0]);
});
