import { readAuthorities } from '@switchyard/http';
import { createAuditLog } from '@switchyard/store';
import type { ProcConfig } from '../env.ts';
import type { Base } from '../open-base.ts';
import { auditReads } from './audit-reads.ts';
import { createSecretClient, secretsAt } from './secret-client.ts';
import type { SecretClient } from './secret-client.ts';

/** Bundles' secrets in the service that holds them; reads are in the audit log. */
export async function openSecrets({ sql, scope, ids }: Base, config: ProcConfig): Promise<SecretClient> {
  const { secretsCaFile: file } = config;
  const authorities = file === '' ? undefined : await readAuthorities('chat-proc', 'SECRETS_CA_FILE', file);
  return auditReads(createSecretClient({ ...secretsAt(config), authorities, scope }), {
    auditLog: createAuditLog(sql, scope),
    makeRequestId: () => ids.request(),
    worker: config.workerName,
  });
}
