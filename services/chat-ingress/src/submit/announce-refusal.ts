import { PlatformError } from '@switchyard/kernel';
import type { Clock } from '@switchyard/kernel';
import type { Caller } from '@switchyard/identity';
import type { TenantProject } from '@switchyard/protocol';
import type { Relay } from '@switchyard/relay';
import { buildEnvelope } from '@switchyard/turns';
import type { SubmitContext } from './submit-message.ts';

/** Refusals that a stream hears of as well, by the error's code: `chat_service` types of 03 §3. */
const ANNOUNCED: Readonly<Record<string, string>> = {
  ATTACHMENT_REFUSED: 'rate_limit.attachment_failure',
  ENQUEUE_REJECTED: 'queue.enqueue_rejected',
  RATE_LIMITED: 'gateway.rate_limit',
};

export interface AnnounceParts {
  relay: Pick<Relay, 'publish'>;
  scope: TenantProject;
  clock: Clock;
}

/** Tells the stream that posted why its message was refused. The answer to the request says the same; this may fail in silence. */
export async function announceRefusal(
  { relay, scope, clock }: AnnounceParts,
  caller: Caller,
  context: SubmitContext,
  error: unknown,
): Promise<void> {
  const type = error instanceof PlatformError ? ANNOUNCED[error.code] : undefined;
  if (type === undefined || !(error instanceof PlatformError) || context.streamId === undefined) return;
  const source = {
    ...scope,
    request_id: context.requestId,
    user: { user_id: caller.userId, user_type: caller.userType, roles: [...caller.roles] },
    session_id: caller.sessionId,
    conversation_id: '',
    turn_id: '',
    bundle_id: '',
  };
  const data = {
    ...error.details,
    error: error.message,
    error_type: error.errorType,
    ...(error.retryAfterSec === undefined ? {} : { retry_after: error.retryAfterSec }),
  };
  const envelope = buildEnvelope(source, { type, step: 'submit', status: 'error', data }, clock.now());
  await relay
    .publish({
      sessionId: caller.sessionId,
      event: 'chat_service',
      streamId: context.streamId,
      conversationId: '',
      turnId: '',
      data: JSON.stringify(envelope),
    })
    .catch(() => undefined);
}
