import { createAdmission } from '@switchyard/admission';
import type { ProcConfig } from '../env.ts';
import type { Base } from '../open-base.ts';
import type { PredictionRouteParts } from './mount-predictions.ts';

/** What the routes of predictions need. */
export function buildPredictionParts(
  { redis, keys, log }: Pick<Base, 'redis' | 'keys' | 'log'>,
  config: ProcConfig,
  given: Omit<PredictionRouteParts, 'admission' | 'config' | 'log'>,
): PredictionRouteParts {
  return { ...given, config, log, admission: createAdmission({ redis, keys, config }) };
}
