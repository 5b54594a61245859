import type { Follower } from '../src/follower.ts';
import type { FollowedFrame, Taken } from '../src/frame-sink.ts';

/**
 * A reader that takes one frame each time it is asked: what it is not asked for waits in the follower. One that `says` more takes all
 * that there is at once, as a quick client's socket does.
 */
export async function* framesOf(follower: Follower, says: Taken = 'wait'): AsyncGenerator<FollowedFrame> {
  const taken: FollowedFrame[] = [];
  const end: { error?: unknown; isOver: boolean } = { isOver: false };
  let isStarted = false;
  let wake: () => void = () => undefined;
  try {
    for (;;) {
      if (isStarted) follower.resume();
      else
        follower.start({
          take(frame) {
            taken.push(frame);
            wake();
            return says;
          },
          ended(error) {
            end.isOver = true;
            end.error = error;
            wake();
          },
        });
      isStarted = true;
      while (taken.length === 0 && !end.isOver) await new Promise<void>((resolve) => (wake = resolve));
      const frame = taken.shift();
      if (frame !== undefined) yield frame;
      else if (end.error === undefined) return;
      else throw new Error('the follower ended', { cause: end.error });
    }
  } finally {
    follower.close();
  }
}
