import { expect, test } from 'vitest';
import { decideUserType } from './user-type.ts';

test.each([
  [undefined, 'anonymous'],
  [[], 'registered'],
  [['kdcube:role:registered'], 'registered'],
  [['kdcube:role:paid'], 'paid'],
  [['kdcube:role:paid', 'kdcube:role:admin'], 'privileged'],
  [['kdcube:role:super-admin'], 'privileged'],
  [['admin', 'super-admin', 'paid'], 'registered'],
] as const)('roles %j are %s', (roles, userType) => {
  expect(decideUserType(roles)).toBe(userType);
});
