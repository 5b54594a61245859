import { PlatformError } from '@switchyard/kernel';
import { READ_ACTION } from '@switchyard/store';
import type { AuditLog } from '@switchyard/store';
import type { SecretClient } from './secret-client.ts';

export interface AuditReadsParts {
  readonly auditLog: Pick<AuditLog, 'record'>;
  readonly makeRequestId: () => string;
  /** Where the bundle runs. */
  readonly worker: string;
}

/**
 * Each read of a value is an entry of the audit log, and is one before anybody has the value: a read whose entry cannot be written is
 * refused. It says for whom and of which version, never the value.
 */
export function auditReads(secrets: SecretClient, parts: AuditReadsParts): SecretClient {
  const { auditLog, makeRequestId, worker } = parts;
  return {
    ...secrets,
    async read(bundleId, name, asker) {
      const note = async (outcome: 'done' | 'refused', errorType?: string): Promise<void> =>
        auditLog.record(
          {
            actorId: `bundle:${bundleId}`,
            actorName: asker?.versionId,
            action: READ_ACTION,
            target: `${bundleId}/${name}`,
            address: worker === '' ? undefined : worker,
            requestId: makeRequestId(),
          },
          outcome,
          { user_id: asker?.userId ?? null, ...(errorType === undefined ? {} : { error_type: errorType }) },
        );
      const value = await secrets.read(bundleId, name, asker).catch(async (error: unknown) => {
        await note('refused', error instanceof PlatformError ? error.errorType : 'internal');
        throw error;
      });
      await (value === undefined ? note('refused', 'secret_missing') : note('done'));
      return value;
    },
  };
}
