export { RELAY_DEFAULTS, createRelay } from './create-relay.ts';
export type { FollowOptions, Relay, RelayConfig, RelayOptions } from './create-relay.ts';
export { Follower } from './follower.ts';
export type { FollowedFrame, FrameSink, Taken } from './frame-sink.ts';
export { createEventLog } from './event-log.ts';
export type { EventLog, NewEntry } from './event-log.ts';
export type { StreamTarget } from './matches-stream.ts';
export { compareLogIds } from './log-id.ts';
export { mergeDeltas } from './merge-deltas.ts';
