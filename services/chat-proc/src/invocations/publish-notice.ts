import type { Clock } from '@switchyard/kernel';
import { PlatformError } from '@switchyard/kernel';
import { formatTimestamp } from '@switchyard/protocol';
import type { BundleEvent, ChatEnvelope, TenantProject } from '@switchyard/protocol';
import type { EventLog } from '@switchyard/relay';
import { requireOwn } from '../envelope.ts';

/** A live update of a bundle (`ctx.notify`), and whose call it came from. */
export type Notice = Omit<Extract<BundleEvent, { kind: 'notify' }>, 'kind'> & {
  readonly bundleId: string;
  readonly sessionId: string | undefined;
};

/** Rejects BUNDLE_ERROR for a type that is the platform's, and where there is no session to tell. */
export type PublishNotice = (notice: Notice) => Promise<void>;

export interface PublishNoticeParts {
  readonly events: Pick<EventLog, 'append'>;
  readonly scope: TenantProject;
  readonly clock: Pick<Clock, 'now'>;
  /** To every stream of the project. Nothing of it is kept: who is not there learns it by reading. */
  readonly publishToProject: (data: string) => Promise<void>;
}

/**
 * Tells a bundle's live updates to the streams of a session, where they are a part of its log as everything else is, or to those of the
 * whole project. `chat_service` on the wire; `data.bundle_id` says whose they are.
 */
export function createPublishNotice(parts: PublishNoticeParts): PublishNotice {
  const { events, scope, clock } = parts;
  return async ({ to, type, data, bundleId, sessionId }) => {
    const envelope = (session: string): string => {
      const ts = clock.now();
      const body: ChatEnvelope = {
        type: requireOwn(type),
        timestamp: formatTimestamp(ts),
        ts,
        service: { request_id: '', ...scope, user: '' },
        conversation: { session_id: session, conversation_id: '', turn_id: '', bundle_id: bundleId },
        event: { agent: bundleId, step: 'notify', status: 'completed' },
        data,
      };
      return JSON.stringify(body);
    };
    if (to === 'project') return parts.publishToProject(envelope(''));
    if (sessionId === undefined)
      throw PlatformError.of('BUNDLE_ERROR', 'Nobody called, so there is no session to notify.');
    await events.append({
      sessionId,
      event: 'chat_service',
      streamId: '',
      conversationId: '',
      turnId: '',
      data: envelope(sessionId),
    });
  };
}
