import type { Caller } from '@switchyard/identity';
import type { InvocationUser } from '@switchyard/protocol';
import { PUBLIC_USER } from '../caller-of.ts';

/** The caller as a bundle sees him. Proved by the request's credentials, never by its body. */
export function userOf({ userId, username, userType, roles }: Caller): InvocationUser {
  return {
    user_id: userId,
    ...(username === undefined ? {} : { username }),
    user_type: userType,
    roles: [...roles],
  };
}

/** For whom a call runs, and whose streams it can tell something: who is not known has none. */
export function callIdentity(caller: Caller): { user: InvocationUser; sessionId?: string } {
  const user = userOf(caller);
  return caller === PUBLIC_USER ? { user } : { user, sessionId: caller.sessionId };
}
