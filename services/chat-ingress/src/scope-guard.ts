import { PlatformError } from '@switchyard/kernel';
import { idSchema } from '@switchyard/protocol';
import type { TenantProject } from '@switchyard/protocol';
import { z } from 'zod';

/** Tenant and project of a path; the scope that counts is the stack's own. */
export const scopeParams = z.object({ tenant: idSchema, project: idSchema });
export const conversationParams = scopeParams.extend({ cid: idSchema });
export const turnParams = conversationParams.extend({ turn: idSchema });

/** Throws FOREIGN_SCOPE: one stack serves one tenant and project (01 §3). */
export function checkScope(scope: TenantProject, given: TenantProject): void {
  if (given.tenant !== scope.tenant || given.project !== scope.project)
    throw PlatformError.of('FOREIGN_SCOPE');
}
