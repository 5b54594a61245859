import { PlatformError } from '@switchyard/kernel';
import { USER_EVENT, plainMessageSchema, submissionSchema } from '@switchyard/protocol';
import type { ExternalEvent, TaskKind } from '@switchyard/protocol';
import { checkInput } from '@switchyard/http';
import { refuseUnstorable } from './refuse-unstorable.ts';

/** One message, whichever form it came in. Scope, ids and identity are not in it: they come from the session and the server. */
export interface IncomingMessage {
  kind: TaskKind;
  text: string;
  events: ExternalEvent[];
  conversationId?: string | undefined;
  bundleId?: string | undefined;
  targetTurnId?: string | undefined;
  /** Makes the submission idempotent; absent: it cannot be retried. */
  messageId?: string | undefined;
}

export interface TextLimits {
  maxMessageCharacters: number;
  /** All events as JSON, without files: what the row and the task hold. */
  maxEventsBytes: number;
}

/** `{external_events: [...], ...}` (03 §4). Throws INVALID_REQUEST naming the field, TOO_LARGE over a limit. */
export function normaliseSubmission(body: unknown, limits: TextLimits): IncomingMessage {
  const {
    external_events: events,
    conversation_id,
    bundle_id,
    target_turn_id,
  } = checkInput(submissionSchema, body, 'body');
  refuseUnstorable(events, 'external_events');
  const size = Buffer.byteLength(JSON.stringify(events));
  if (size > limits.maxEventsBytes) throw tooLong('external_events', limits.maxEventsBytes, 'bytes');
  const message: IncomingMessage = {
    kind: decideKind(events),
    text: events
      .map(textOf)
      .filter((text) => text !== '')
      .join('\n\n'),
    events,
    conversationId: conversation_id ?? undefined,
    bundleId: bundle_id ?? undefined,
    targetTurnId: target_turn_id ?? undefined,
    messageId: events[0]?.event_id,
  };
  checkText(message, limits);
  return message;
}

/** `{message, ...}`, the plain form: the same as one `event.user.prompt`. */
export function normalisePlainMessage(body: unknown, limits: TextLimits): IncomingMessage {
  const { message, conversation_id, bundle_id, event_id } = checkInput(plainMessageSchema, body, 'body');
  const prompt = {
    event_id: event_id ?? undefined,
    type: USER_EVENT.prompt,
    event_source_id: 'chat.message',
    reactive: true,
    payload: { mime: 'text/plain', event: { text: message } },
  };
  return normaliseSubmission({ external_events: [prompt], conversation_id, bundle_id }, limits);
}

/** What a submission does, by its events (03 §4). */
export function decideKind(events: readonly ExternalEvent[]): TaskKind {
  const reactive = events.filter((event) => event.reactive);
  if (reactive.length === 0) return 'recorded';
  if (reactive.some(({ type }) => type === USER_EVENT.prompt || type === USER_EVENT.followup))
    return 'message';
  return reactive.some(({ type }) => type === USER_EVENT.steer) ? 'steer' : 'message';
}

export function isAttachment(event: ExternalEvent): boolean {
  return event.type.startsWith(USER_EVENT.attachmentPrefix);
}

const SPOKEN: ReadonlySet<string> = new Set([USER_EVENT.prompt, USER_EVENT.followup, USER_EVENT.steer]);

function textOf(event: ExternalEvent): string {
  if (!SPOKEN.has(event.type)) return '';
  const content = event.payload.event;
  if (typeof content === 'string') return content;
  const text: unknown =
    typeof content === 'object' && content !== null && 'text' in content ? content.text : undefined;
  return typeof text === 'string' ? text : '';
}

function checkText({ kind, text, events }: IncomingMessage, limits: TextLimits): void {
  // Counted as people count: a character outside the basic plane is one. Its length in UTF-16 is never smaller.
  if (text.length > limits.maxMessageCharacters && countCharacters(text) > limits.maxMessageCharacters) {
    throw tooLong('message', limits.maxMessageCharacters, 'characters');
  }
  const saysNothing =
    kind === 'message' && text.trim() === '' && events.every(({ type }) => SPOKEN.has(type));
  if (saysNothing)
    throw PlatformError.of('INVALID_REQUEST', 'message: must not be blank', {
      details: { field: 'message' },
    });
}

/** Code points, not UTF-16 units. */
function countCharacters(text: string): number {
  return Array.from(text).length;
}

function tooLong(field: string, limit: number, unit: string): PlatformError {
  return PlatformError.of('TOO_LARGE', `${field}: at most ${limit} ${unit}`, {
    details: { field, [`limit_${unit}`]: limit },
  });
}
