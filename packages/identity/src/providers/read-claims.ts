import type { JWTPayload } from 'jose';

export interface ClaimNames {
  readonly rolesClaim: string;
  readonly usernameClaim: string;
  /** A role of the issuer -> a role of ours, without the prefix. */
  readonly roleMap: ReadonlyMap<string, string>;
  readonly rolePrefix: string;
}

/** A claim by its name, or by a path of names: `realm_access.roles`. A claim whose own name has dots wins. */
export function claimAt(payload: JWTPayload, path: string): unknown {
  if (Object.hasOwn(payload, path)) return payload[path];
  let found: unknown = payload;
  for (const part of path.split('.')) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, part)) return undefined;
    found = (found as Record<string, unknown>)[part];
  }
  return found;
}

const MAX_ROLES = 100;
const MAX_CHARACTERS = 200;

/**
 * The roles that the issuer's claim means here: those that already carry our prefix, and those that the map names. Whatever else
 * an issuer calls a group means nothing: a group that happens to be called "admin" elsewhere makes no admin here.
 */
export function rolesOf(payload: JWTPayload, names: ClaimNames): string[] {
  const claim = claimAt(payload, names.rolesClaim);
  const given = typeof claim === 'string' ? claim.split(/[\s,]+/) : Array.isArray(claim) ? claim : [];
  const roles = given.flatMap((role: unknown) => {
    if (typeof role !== 'string' || role.length > MAX_CHARACTERS) return [];
    if (role.startsWith(names.rolePrefix)) return [role];
    const mapped = names.roleMap.get(role);
    return mapped === undefined ? [] : [`${names.rolePrefix}${mapped}`];
  });
  return [...new Set(roles)].slice(0, MAX_ROLES);
}

export function textClaim(payload: JWTPayload, ...paths: string[]): string | undefined {
  for (const path of paths) {
    const value = claimAt(payload, path);
    if (typeof value === 'string' && value !== '' && value.length <= 256) return value;
  }
  return undefined;
}

/** One account of an issuer: the issuer's name before it keeps the accounts of two origins apart, and from our own. */
export function externalUserId(provider: string, subject: string): string {
  return `${provider}:${subject}`;
}
