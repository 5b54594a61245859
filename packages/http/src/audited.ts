import type { Request, Response } from 'express';
import { PlatformError } from '@switchyard/kernel';
import type { AuditLog } from '@switchyard/store';
import type { Log } from '@switchyard/telemetry';
import { markAudited } from './audit-mark.ts';
import { requestIdOf } from './request-context.ts';

/** What was done, for the audit entry and for the caller. */
export interface Change<T> {
  before: unknown;
  after: unknown;
  answer: T;
}

export interface AuditContext {
  caller: { userId: string; username?: string };
  req: Request;
  res: Response;
}

/** Runs a change with its audit entry: written before it, so none is without one, and completed with what came of it. */
export type Audited = <T>(
  context: AuditContext,
  action: string,
  target: string,
  change: () => Promise<Change<T>>,
) => Promise<T>;

export function createAudited(auditLog: Pick<AuditLog, 'begin' | 'end'>, log: Log): Audited {
  return async ({ caller, req, res }, action, target, change) => {
    const auditId = await auditLog.begin({
      actorId: caller.userId,
      actorName: caller.username,
      action,
      target,
      address: req.ip,
      userAgent: req.get('user-agent'),
      requestId: requestIdOf(res),
    });
    markAudited(res);
    const end = async (outcome: 'done' | 'refused', what: { before?: unknown; after?: unknown }) => {
      try {
        await auditLog.end(auditId, outcome, what);
      } catch (error) {
        // Done is done: the entry says `started`, and this line the rest.
        log.error('an audit entry was not completed', { audit_id: auditId, action, target, outcome, error });
      }
    };
    try {
      const { before, after, answer } = await change();
      await end('done', { before, after });
      return answer;
    } catch (error) {
      // Of anything else it is not known whether it was done: the entry stays as it is.
      if (error instanceof PlatformError && error.status < 500)
        await end('refused', { after: { error_type: error.errorType } });
      throw error;
    }
  };
}
