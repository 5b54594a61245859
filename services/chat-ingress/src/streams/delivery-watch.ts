import type { Clock } from '@switchyard/kernel';
import { TERMINAL_EVENTS } from '@switchyard/protocol';
import type { FollowedFrame } from '@switchyard/relay';

export interface DeliveryParts {
  clock: Clock;
  /** From the log to the frame written, of the first and the last event of a turn. */
  onDelivered: (ms: number) => void;
}

/**
 * How long events were under way, by their ids: the number of a log id is Redis' time in microseconds. Of a turn only the first and the
 * last event are looked at, because a stream may write thousands a second; and none from before the stream, which had to wait for it.
 * `followedSince`: epoch milliseconds.
 */
export function watchDelivery(
  { clock, onDelivered }: DeliveryParts,
  followedSince: number,
  { event, id }: Pick<FollowedFrame, 'event' | 'id'>,
): void {
  if (event === undefined || id === undefined) return;
  if (event !== 'chat_start' && !TERMINAL_EVENTS.has(event)) return;
  const loggedAt = Number(id.slice(id.indexOf('-') + 1)) / 1000;
  if (loggedAt >= followedSince) onDelivered(Math.max(0, clock.now() - loggedAt));
}
