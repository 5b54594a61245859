import type { Clock } from '@switchyard/kernel';
import type { TenantProject } from '@switchyard/protocol';
import type { Relay } from './create-relay.ts';

/** A session of which a sign-in has ended ends its streams wherever they are; who is still signed in comes back and goes on. */
export const SIGNED_OUT = 'auth.signed_out';

/** Tells the streams of a session, through the log: they may hang on other processes. A log that is away has no streams to end. */
export function createSignOutNotice(parts: {
  relay: Pick<Relay, 'publish'>;
  scope: TenantProject;
  clock: Pick<Clock, 'now'>;
}): (sessionId: string) => Promise<void> {
  const { relay, scope, clock } = parts;
  return async (sessionId) => {
    const data = JSON.stringify({
      type: SIGNED_OUT,
      ts: clock.now(),
      service: scope,
      conversation: { session_id: sessionId, conversation_id: '', turn_id: '' },
    });
    await relay
      .publish({ sessionId, event: 'chat_service', streamId: '', conversationId: '', turnId: '', data })
      .catch(() => undefined);
  };
}
