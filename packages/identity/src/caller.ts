import { PlatformError } from '@switchyard/kernel';
import { decideUserType } from '@switchyard/protocol';
import type { RoleNames, UserType } from '@switchyard/protocol';

/** Who is asking. Scope, user and session come from here and never from a body. */
export interface Caller {
  kind: 'user' | 'anonymous';
  userId: string;
  username?: string;
  userType: UserType;
  roles: readonly string[];
  permissions: readonly string[];
  sessionId: string;
  /** Epoch milliseconds. */
  sessionCreatedAt: number;
  /** Epoch milliseconds: when the token runs out, and open streams are to be checked again. */
  expiresAt?: number;
  /** Set for a browser that signed in; scripts have none. */
  signInId?: string;
  /** Of an anonymous caller. */
  fingerprint?: string;
  /** Complete `Set-Cookie` values that the answer must carry. */
  setCookies?: readonly string[];
}

/** The part of a caller that its credentials prove; the session adds the rest. */
export type Proven = Omit<Caller, 'sessionCreatedAt' | 'setCookies'>;

/** Throws USER_REQUIRED (401) for an anonymous caller. */
export function requireUser(caller: Caller): Caller {
  if (caller.kind !== 'user') throw PlatformError.of('USER_REQUIRED');
  return caller;
}

/** Throws USER_REQUIRED, or MISSING_ROLES (403) when the caller has none of the roles. */
export function requireAnyRole(caller: Caller, roles: readonly string[]): Caller {
  requireUser(caller);
  if (roles.some((role) => caller.roles.includes(role))) return caller;
  throw PlatformError.of('MISSING_ROLES', `User missing required roles: ${roles.join(', ')}`);
}

/** The roles that make a user of that type (the opposite of `decideUserType`). */
export function rolesOfUserType(userType: Exclude<UserType, 'anonymous'>, names: RoleNames): string[] {
  const roles = { privileged: [names.superAdmin], paid: [names.paid], registered: [names.registered] }[
    userType
  ];
  if (decideUserType(roles, names) !== userType)
    throw PlatformError.of('INTERNAL', `no role makes ${userType}`);
  return roles;
}
