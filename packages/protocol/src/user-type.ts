import { z } from 'zod';

/** Who is served first; also the names of the lanes (02). In the order of their thresholds, highest first. */
export const USER_TYPES = ['privileged', 'paid', 'registered', 'anonymous'] as const;
export const userTypeSchema = z.enum(USER_TYPES);
export type UserType = (typeof USER_TYPES)[number];

/** Role names on the wire; the prefix is config (03 §1). */
export function roleNames(prefix = 'kdcube:role:') {
  return {
    superAdmin: `${prefix}super-admin`,
    admin: `${prefix}admin`,
    paid: `${prefix}paid`,
    registered: `${prefix}registered`,
    service: `${prefix}service`,
  } as const;
}
export type RoleNames = ReturnType<typeof roleNames>;

/** User type by rule (03 §1): admin roles -> privileged, paid role -> paid, signed in -> registered, else anonymous. */
export function decideUserType(
  roles: readonly string[] | undefined,
  names: RoleNames = roleNames(),
): UserType {
  if (roles === undefined) return 'anonymous';
  if (roles.includes(names.superAdmin) || roles.includes(names.admin)) return 'privileged';
  return roles.includes(names.paid) ? 'paid' : 'registered';
}
