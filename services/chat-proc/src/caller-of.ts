import type { Caller, Identity } from '@switchyard/identity';
import { requireAnyRole } from '@switchyard/identity';
import { noteCaller, refuseOtherSites } from '@switchyard/http';
import { PlatformError } from '@switchyard/kernel';
import type { RoleNames, TenantProject } from '@switchyard/protocol';
import type { Request, Response } from 'express';

export interface Guards {
  /** Anybody whom the settings let in. */
  session(req: Request, res: Response): Promise<Caller>;
  /** Who is not known is `PUBLIC_USER`: for what is open to anybody. Rejects BAD_TOKEN for a token that is no good. */
  anybody(req: Request, res: Response): Promise<Caller>;
  /** Roles `admin` or `super-admin`; FOREIGN_SCOPE where the query names a tenant or project that is not served here. */
  admin(req: Request, res: Response): Promise<Caller>;
  /** Throws FOREIGN_SCOPE when the address names another tenant or project than this stack serves. */
  scope(params: TenantProject): void;
}

/** Whom a bundle sees behind a public address: nobody in particular, without a session. */
export const PUBLIC_USER: Caller = Object.freeze({
  kind: 'anonymous',
  userId: 'public',
  userType: 'anonymous',
  roles: [],
  permissions: [],
  sessionId: '',
  sessionCreatedAt: 0,
});

/** Who is asking, proved for each request; nothing of it is ever taken from a body. */
export function createGuards(
  identity: Pick<Identity, 'identify'>,
  roles: RoleNames,
  scope: TenantProject,
): Guards {
  const identify = async (req: Request, res: Response): Promise<Caller> => {
    refuseOtherSites(req);
    const caller = await identity.identify({
      headers: req.headers,
      query: req.query,
      allowQueryToken: false,
    });
    noteCaller(res, caller.userId);
    for (const cookie of caller.setCookies ?? []) res.append('Set-Cookie', cookie);
    res.setHeader('X-User-Type', caller.userType);
    res.setHeader('X-Session-ID', caller.sessionId);
    return caller;
  };
  return {
    session: identify,
    async anybody(req, res) {
      const { authorization, cookie } = req.headers;
      if (authorization === undefined && cookie === undefined) return PUBLIC_USER;
      try {
        return await identify(req, res);
      } catch (error) {
        // A token that is there and bad is told, never taken for none (03 §1).
        if (error instanceof PlatformError && error.code === 'USER_REQUIRED') return PUBLIC_USER;
        throw error;
      }
    },
    async admin(req, res) {
      const caller = requireAnyRole(await identify(req, res), [roles.admin, roles.superAdmin]);
      // Admin addresses name no scope: it is this stack's. Who names one, as a console of several stacks does, is told when it errs.
      const { tenant = scope.tenant, project = scope.project } = req.query;
      if (tenant !== scope.tenant || project !== scope.project) throw PlatformError.of('FOREIGN_SCOPE');
      return caller;
    },
    scope({ tenant, project }) {
      if (tenant !== scope.tenant || project !== scope.project) throw PlatformError.of('FOREIGN_SCOPE');
    },
  };
}
