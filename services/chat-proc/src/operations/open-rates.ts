import { createLiveLimits } from '@switchyard/admission';
import type { AdmissionConfig } from '@switchyard/admission';
import { Deadline } from '@switchyard/kernel';
import type { Scope } from '@switchyard/kernel';
import { createLimitRows } from '@switchyard/store';
import { turnsConfigSchema } from '@switchyard/turns';
import type { ProcConfig } from '../env.ts';
import type { Base } from '../open-base.ts';

const REFRESH_MS = 5_000;
const CLOSE_MS = 2_000;

/** The rates of this moment: an admin's changes are made at chat-ingress, and hold here too. */
export async function openRates(
  scope: Scope,
  { sql, subscriber, keys, log, scope: at }: Base,
  config: ProcConfig,
): Promise<() => AdmissionConfig> {
  const limits = createLiveLimits({
    // Of the queue nothing is accepted here; its limits only fill their place.
    config: { ...turnsConfigSchema.parse({}), ...config },
    refreshMs: REFRESH_MS,
    read: createLimitRows(sql, at).find,
    onChange: (listener) => subscriber.subscribe(keys.limitChanges(), listener),
    warn: (message, fields) => log.warn(message, fields),
  });
  await limits.start();
  scope.defer(() => limits.stop(Deadline.in(CLOSE_MS)));
  return () => limits.current().admission;
}
