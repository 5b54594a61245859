import type { StreamFrame } from '@switchyard/protocol';

/** A frame with what its reader may want to know of it beside what goes out. */
export interface FollowedFrame extends StreamFrame {
  readonly streamId: string;
  readonly conversationId: string;
  readonly turnId: string;
}

/**
 * What a reader says to a frame. It has the frame in every case. `more`: it takes the next one at once. `wait`: it takes none before it
 * calls `resume`. `end`: this was its last.
 */
export type Taken = 'more' | 'wait' | 'end';

/**
 * Where a follower's frames go: called in the tick in which a publication arrives, without a promise between, because that is what a
 * frame costs when there are ten thousand a second. Must not throw.
 */
export interface FrameSink {
  take(frame: FollowedFrame): Taken;
  /** Several frames come in this tick, between these two: they may leave together. */
  several?(edge: 'begin' | 'end'): void;
  /** Once, when nothing more comes: closed, lagged, or with the error of a log that could not be read. */
  ended(error?: unknown): void;
}
