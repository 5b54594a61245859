import type { ApiError } from './api-error.ts';
import type { OutgoingFile } from './send-message.ts';

/**
 * sending -> sent, or -> queued_offline (no answer, or one that asks to wait: goes on by itself), or -> failed (refused for
 * good, or too old to be sent without being asked: waits for the user). Only the user takes one away before it is sent.
 */
export type OutboxState = 'sending' | 'queued_offline' | 'failed' | 'sent';

export interface OutboxMessage {
  message: string;
  /** Messages of one conversation go out in the order in which they were written. */
  conversationId: string;
  bundleId?: string | undefined;
  attachments?: readonly OutgoingFile[] | undefined;
}

/** Why an item waits or failed. */
export interface OutboxError {
  errorType: string;
  message: string;
  /** Seconds that the server named. */
  retryAfter?: number | undefined;
}

export interface OutboxItem extends OutboxMessage {
  /** The message's own id and idempotency key: however often it is sent, it is one message. */
  readonly key: string;
  readonly state: OutboxState;
  /** Epoch milliseconds. */
  readonly createdAt: number;
  /** Grows with every message of this outbox. */
  readonly place: number;
  readonly error?: OutboxError | undefined;
}

/** The server knows a key for 24 hours. Older than this a message whose ack got lost might run twice, so a person decides. */
export const LONGEST_WAIT_MS = 23 * 3_600_000;

export type DeliveryDecision = { kind: 'wait'; error: OutboxError } | { kind: 'fail'; error: OutboxError };

/** What becomes of a message that got no ack. Pure. */
export function decideDelivery(error: ApiError): DeliveryDecision {
  const { errorType, message, retryAfter, isTransient } = error;
  return { kind: isTransient ? 'wait' : 'fail', error: { errorType, message, retryAfter } };
}

/** The bytes that an item keeps. */
export function sizeOfMessage({ message, attachments = [] }: OutboxMessage): number {
  return attachments.reduce((sum, { blob }) => sum + blob.size, message.length * 2);
}
