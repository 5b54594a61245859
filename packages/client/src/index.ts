export { createClient } from './create-client.ts';
export type {
  Client,
  ClientOptions,
  ClientOutboxOptions,
  StreamOptions,
  StreamTarget,
} from './create-client.ts';
export { Outbox, OutboxFull } from './outbox.ts';
export type { OutboxOptions } from './outbox.ts';
export type { OutboxError, OutboxItem, OutboxMessage, OutboxState } from './outbox-item.ts';
export { createMemoryOutboxStorage } from './outbox-storage.ts';
export type { OutboxStorage } from './outbox-storage.ts';
export type { Replay, ReplayOptions } from './replay-turns.ts';
export type { SendOptions, OutgoingFile } from './send-message.ts';
export type { Conversations, ListOptions, Scope } from './conversations.ts';
export { createRequester } from './request.ts';
export type { Requester, RequestOptions, RequesterOptions, TokenSource } from './request.ts';
export type { BundleCalls, CallOptions } from './bundles.ts';
export { ApiError } from './api-error.ts';
export type { ApiErrorFields } from './api-error.ts';
export { systemClientClock } from './client-clock.ts';
export { decideRetryDelay } from './retry-delay.ts';
export type { ClientClock } from './client-clock.ts';
export { EventFollower } from './follow-events.ts';
export type { FollowOptions, StreamState, StreamStatus } from './follow-events.ts';
export type { RawFrame } from './read-event-stream.ts';
export { isEnvelope, parseFrame, resyncTurns } from './stream-event.ts';
export type { ResyncTurn, StreamEvent } from './stream-event.ts';
export { compareLogIds, isAfter } from './log-position.ts';
export { applyEvent, isSplit } from './apply-event.ts';
export { needsReplay, viewOfStored } from './stored-conversation.ts';
export {
  addLocalTurn,
  applyAck,
  dropLocalTurn,
  localTurnId,
  markLocalTurn,
  forgetRunning,
  mergeStored,
} from './local-turn.ts';
export type { LocalMessage } from './local-turn.ts';
export {
  emptyConversation,
  emptyTurn,
  isLive,
  isUnacked,
  runningTurn,
  withTurn,
} from './conversation-view.ts';
export type {
  ConversationView,
  FileView,
  Reaction,
  StepView,
  TurnError,
  TurnView,
  TurnViewStatus,
} from './conversation-view.ts';
