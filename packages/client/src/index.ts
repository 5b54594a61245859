export { createClient } from './create-client.ts';
export type { Client, ClientOptions, StreamOptions } from './create-client.ts';
export type { Replay, ReplayOptions } from './replay-turns.ts';
export type { SendOptions, OutgoingFile } from './send-message.ts';
export type { Conversations, ListOptions, Scope } from './conversations.ts';
export type { TokenSource } from './request.ts';
export { ApiError } from './api-error.ts';
export type { ApiErrorFields } from './api-error.ts';
export { systemClientClock } from './client-clock.ts';
export type { ClientClock } from './client-clock.ts';
export { EventFollower } from './follow-events.ts';
export type { FollowOptions, StreamState, StreamStatus } from './follow-events.ts';
export type { RawFrame } from './read-event-stream.ts';
export { isEnvelope, parseFrame } from './stream-event.ts';
export type { ResyncTurn, StreamEvent } from './stream-event.ts';
export { compareLogIds, isAfter } from './log-position.ts';
export { applyEvent } from './apply-event.ts';
export { needsReplay, viewOfStored } from './stored-conversation.ts';
export { addLocalTurn, applyAck, dropLocalTurn, localTurnId, markUnsent, mergeStored } from './local-turn.ts';
export type { LocalMessage } from './local-turn.ts';
export { emptyConversation, emptyTurn, isLive, runningTurn, withTurn } from './conversation-view.ts';
export type {
  ConversationView,
  FileView,
  Reaction,
  StepView,
  TurnError,
  TurnView,
  TurnViewStatus,
} from './conversation-view.ts';
