import { createBreakers, createLiveLimits } from '@switchyard/admission';
import type { Breakers, LiveLimits } from '@switchyard/admission';
import { Deadline } from '@switchyard/kernel';
import type { Scope } from '@switchyard/kernel';
import type { TenantProject } from '@switchyard/protocol';
import { createLimitRows } from '@switchyard/store';
import type { LimitRows } from '@switchyard/store';
import type { IngressConfig } from '../env.ts';
import type { Resources } from '../open-resources.ts';

export interface OpenedLimits {
  readonly limitRows: LimitRows;
  readonly liveLimits: LiveLimits;
  readonly breakers: Breakers;
  /** Says to all processes of the scope that limits have changed. */
  readonly tellLimits: () => Promise<void>;
}

const CLOSE_MS = 2000;

/** The limits of this moment, and the breakers over them. */
export async function openLimits(
  config: IngressConfig,
  { redis, subscriber, keys, store, clock, log }: Resources,
  scope: TenantProject,
  closing: Scope,
): Promise<OpenedLimits> {
  const limitRows = createLimitRows(store.sql, scope);
  const liveLimits = createLiveLimits({
    config,
    refreshMs: config.limitsRefresh,
    read: limitRows.find,
    onChange: (listener) => subscriber.subscribe(keys.limitChanges(), listener),
    warn: (message, fields) => log.warn(message, fields),
  });
  await liveLimits.start();
  closing.defer(() => liveLimits.stop(Deadline.in(CLOSE_MS)));
  const breakers = createBreakers({
    redis,
    prefix: keys.prefix,
    config: () => liveLimits.current().breaker,
    clock,
  });
  await breakers.start();
  closing.defer(() => breakers.stop(Deadline.in(CLOSE_MS)));
  const tellLimits = async (): Promise<void> => void (await redis.driver.spublish(keys.limitChanges(), ''));
  return { limitRows, liveLimits, breakers, tellLimits };
}
