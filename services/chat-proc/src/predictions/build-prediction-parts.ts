import { createAdmission } from '@switchyard/admission';
import { createAuditLog } from '@switchyard/store';
import type { ProcConfig } from '../env.ts';
import type { Base } from '../open-base.ts';
import type { PredictionRouteParts } from './mount-predictions.ts';

/** What the routes of predictions need. */
export function buildPredictionParts(
  { redis, keys, log, clock, sql, scope }: Pick<Base, 'redis' | 'keys' | 'log' | 'clock' | 'sql' | 'scope'>,
  config: ProcConfig,
  given: Omit<PredictionRouteParts, 'admission' | 'auditLog' | 'clock' | 'config' | 'log'>,
): PredictionRouteParts {
  const auditLog = createAuditLog(sql, scope);
  return { ...given, config, log, clock, auditLog, admission: createAdmission({ redis, keys, config }) };
}
