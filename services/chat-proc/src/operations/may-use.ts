import type { Caller } from '@switchyard/identity';
import { PlatformError } from '@switchyard/kernel';
import { USER_TYPES } from '@switchyard/protocol';
import type { UserType } from '@switchyard/protocol';

/** Who may call an operation, a widget or an MCP endpoint, as the manifest says it. */
export interface Access {
  readonly route: 'operations' | 'public';
  readonly allow?: UserType | undefined;
  readonly roles: readonly string[];
}

/** Anybody where it is public; else the lowest user type, `registered` where none is named (03 §6), and any one of the roles. */
export function mayUse({ route, allow, roles }: Access, caller: Pick<Caller, 'userType' | 'roles'>): boolean {
  if (route === 'public') return true;
  if (rankOf(caller.userType) > rankOf(allow ?? 'registered')) return false;
  return roles.length === 0 || roles.some((role) => caller.roles.includes(role));
}

/** Throws USER_REQUIRED for somebody who has not signed in, and FORBIDDEN for somebody who has. */
export function requireUse(access: Access, caller: Pick<Caller, 'kind' | 'userType' | 'roles'>): void {
  if (mayUse(access, caller)) return;
  throw PlatformError.of(caller.kind === 'anonymous' ? 'USER_REQUIRED' : 'FORBIDDEN');
}

/** 0 is the highest. */
function rankOf(userType: UserType): number {
  return USER_TYPES.indexOf(userType);
}
