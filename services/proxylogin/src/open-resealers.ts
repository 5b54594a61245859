import { createResealer, readMasterKeys } from '@switchyard/identity';
import { Deadline } from '@switchyard/kernel';
import type { Scope } from '@switchyard/kernel';
import { createSealedRows } from '@switchyard/store';
import type { SealedColumnName } from '@switchyard/store';
import { TOTP_SECRET, totpContext } from './accounts/second-factor.ts';
import type { LoginConfig } from './env.ts';
import { LOGOUT_HINT, hintContext } from './oidc/logout-hints.ts';
import type { Resources } from './open-resources.ts';

const CLOSE_MS = 2_000;

/** What this service seals in Postgres is sealed anew while a former master key is named. */
export async function openResealers({
  config,
  resources: { store, ids, log, clock },
  closing,
}: {
  config: LoginConfig;
  resources: Pick<Resources, 'store' | 'ids' | 'log' | 'clock'>;
  closing: Scope;
}): Promise<void> {
  const scope = { tenant: config.tenant, project: config.project };
  const open = async (what: SealedColumnName, purpose: string, contextOf: (userId: string) => string) => {
    const resealer = createResealer({
      sql: store.sql,
      rows: createSealedRows(store.sql, scope, what),
      masterKeys: readMasterKeys(config),
      ids,
      purpose,
      contextOf: ({ user_id: userId }) => contextOf(userId),
      lockName: `switchyard:reseal:${purpose}:${scope.tenant}:${scope.project}`,
      log,
    });
    await resealer.start();
    closing.defer(() => resealer.stop(Deadline.in(CLOSE_MS, clock)));
  };
  await open('totpSecrets', TOTP_SECRET, totpContext);
  await open('logoutHints', LOGOUT_HINT, hintContext);
}
