import type { CapabilityCaller } from '@switchyard/capabilities';
import type { InvocationUser } from '@switchyard/protocol';

/** Whom a bundle works for, as capabilities know him. */
export function capabilityUserOf(user: InvocationUser): NonNullable<CapabilityCaller['user']> {
  const { user_id: userId, user_type: userType, username, roles } = user;
  return { userId, userType, username, roles };
}
