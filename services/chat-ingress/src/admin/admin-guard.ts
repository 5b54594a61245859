import type { Request, Response } from 'express';
import { requireAnyRole } from '@switchyard/identity';
import type { Caller } from '@switchyard/identity';
import type { RoleNames, TenantProject } from '@switchyard/protocol';
import type { IdentifyRequest } from '../identify-request.ts';
import { checkScope } from '../scope-guard.ts';

/** Throws USER_REQUIRED, MISSING_ROLES, or FOREIGN_SCOPE where the query names a tenant or project that is not served here. */
export type AdminGuard = (req: Request, res: Response) => Promise<Caller>;

/** Admin paths name no scope: it is this stack's. A console for several stacks may say which one it means, and is told when it errs. */
export function createAdminGuard(
  identify: IdentifyRequest,
  roles: RoleNames,
  scope: TenantProject,
): AdminGuard {
  return async (req, res) => {
    const caller = requireAnyRole(await identify(req, res), [roles.admin, roles.superAdmin]);
    const { tenant = scope.tenant, project = scope.project } = req.query;
    // Named twice it is a list, and that is none of ours either.
    checkScope(scope, {
      tenant: typeof tenant === 'string' ? tenant : '',
      project: typeof project === 'string' ? project : '',
    });
    return caller;
  };
}
