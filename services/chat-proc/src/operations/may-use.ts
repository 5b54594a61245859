import type { Caller } from '@switchyard/identity';
import { USER_TYPES } from '@switchyard/protocol';
import type { UserType } from '@switchyard/protocol';

/** Who may call an operation, a widget or an MCP endpoint, as the manifest says it. */
export interface Access {
  readonly route: 'operations' | 'public';
  readonly allow?: UserType | undefined;
  readonly roles: readonly string[];
}

/** Anybody where it is public; else the lowest user type, and any one of the roles. */
export function mayUse({ route, allow, roles }: Access, caller: Pick<Caller, 'userType' | 'roles'>): boolean {
  if (route === 'public') return true;
  if (allow !== undefined && rankOf(caller.userType) > rankOf(allow)) return false;
  return roles.length === 0 || roles.some((role) => caller.roles.includes(role));
}

/** 0 is the highest. */
function rankOf(userType: UserType): number {
  return USER_TYPES.indexOf(userType);
}
