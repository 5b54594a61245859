import { formatTimestamp } from '@switchyard/protocol';
import type {
  ChatEnvelope,
  ChatTaskPayload,
  ConversationContext,
  EventStatus,
  ServiceContext,
} from '@switchyard/protocol';

/** The parts of an envelope that are the same for every event of a message. */
export type EnvelopeSource = Pick<
  ChatTaskPayload,
  'request_id' | 'tenant' | 'project' | 'user' | 'session_id' | 'conversation_id' | 'turn_id' | 'bundle_id'
>;

export function serviceContext(source: EnvelopeSource): ServiceContext {
  const { user } = source;
  return {
    request_id: source.request_id,
    tenant: source.tenant,
    project: source.project,
    user: user.user_id,
    user_obj: {
      user_type: user.user_type,
      ...(user.username === undefined ? {} : { username: user.username }),
    },
  };
}

export function conversationContext(source: EnvelopeSource): ConversationContext {
  return {
    session_id: source.session_id,
    conversation_id: source.conversation_id,
    turn_id: source.turn_id,
    bundle_id: source.bundle_id,
  };
}

export interface EnvelopeParts {
  readonly type: string;
  readonly step: string;
  readonly status: EventStatus;
  readonly agent?: string;
  readonly title?: string;
  readonly data?: Readonly<Record<string, unknown>>;
  /** For clients that know of it; others ignore it. */
  readonly extra?: Readonly<Record<string, unknown>> | undefined;
}

/** One event body in the form of 03 §3. `nowMs`: epoch milliseconds, for showing only. */
export function buildEnvelope(source: EnvelopeSource, parts: EnvelopeParts, nowMs: number): ChatEnvelope {
  return {
    type: parts.type,
    timestamp: formatTimestamp(nowMs),
    ts: nowMs,
    service: serviceContext(source),
    conversation: conversationContext(source),
    event: {
      agent: parts.agent ?? 'platform',
      step: parts.step,
      status: parts.status,
      ...(parts.title === undefined ? {} : { title: parts.title }),
    },
    ...(parts.data === undefined ? {} : { data: parts.data }),
    ...(parts.extra === undefined ? {} : { extra: parts.extra }),
  };
}
