import { createResealer, readMasterKeys } from '@switchyard/identity';
import type { ResealerParts } from '@switchyard/identity';
import { Deadline } from '@switchyard/kernel';
import type { Scope } from '@switchyard/kernel';
import { createSealedRows } from '@switchyard/store';
import type { ProcConfig } from '../env.ts';
import type { Base } from '../open-base.ts';
import { PREDICTION_REQUEST, requestContext } from './request-seal.ts';

const CLOSE_MS = 2_000;

/** What predictions wait with is sealed anew while a former master key is named. */
export async function openRequestResealer(
  opening: Scope,
  { sql, scope, ids, clock, log }: Pick<Base, 'sql' | 'scope' | 'ids' | 'clock'> & Pick<ResealerParts, 'log'>,
  config: ProcConfig,
): Promise<void> {
  const resealer = createResealer({
    sql,
    rows: createSealedRows(sql, scope, 'predictionRequests'),
    masterKeys: readMasterKeys(config),
    ids,
    purpose: PREDICTION_REQUEST,
    contextOf: ({ name: [bundleId = '', userId = '', predictionId = ''] }) =>
      requestContext(scope, { bundleId, userId, predictionId }),
    lockName: `switchyard:reseal:${PREDICTION_REQUEST}:${scope.tenant}:${scope.project}`,
    log,
  });
  await resealer.start();
  opening.defer(() => resealer.stop(Deadline.in(CLOSE_MS, clock)));
}
