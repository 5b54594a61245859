import type { UserType } from '@switchyard/protocol';
import { z } from 'zod';
import type { AdmissionConfig } from './admission-settings.ts';
import type { BreakerConfig } from './breakers.ts';
import { parseRates, spellRates } from './parse-rates.ts';
import type { Rate } from './parse-rates.ts';

const rates = z
  .string()
  .max(200)
  .refine((text) => parseRates(text) !== undefined, 'expected calls per window like 10/1m,120/1h');
const each = <S extends z.ZodType>(one: S) => ({
  anonymous: one,
  registered: one,
  paid: one,
  privileged: one,
});
const share = z.number().min(0).max(1);
const places = z.int().min(1).max(1_000_000);

/** Every limit that changes without a restart (02, Admission numbers). */
export const limitsSchema = z.strictObject({
  /** Messages of one user per window. */
  rates: z.strictObject(each(rates)),
  /** How many anonymous users one address may be. */
  anonymous_address_factor: z.number().min(1).max(1000),
  /** Messages of everybody who is signed in, from one address. */
  address_rate: rates,
  /** Share of the capacity up to which messages are accepted. */
  thresholds: z.strictObject(each(share)),
  /** Queued and running messages of one user. */
  user_queue: z.strictObject(each(places)),
  breaker: z.strictObject({
    refusals: z.int().min(0).max(1_000_000),
    window_seconds: z.number().min(0.1).max(3600),
    open_seconds: z.number().min(0.1).max(3600),
  }),
});
export type Limits = z.output<typeof limitsSchema>;

const { rates: byRate, thresholds, user_queue: queue, breaker } = limitsSchema.shape;
/** What an admin sets over the configuration: any part of it. */
export const limitsOverrideSchema = z.strictObject({
  ...limitsSchema.partial().shape,
  rates: byRate.partial().optional(),
  thresholds: thresholds.partial().optional(),
  user_queue: queue.partial().optional(),
  breaker: breaker.partial().optional(),
});
export type LimitsOverride = z.output<typeof limitsOverrideSchema>;

type Cap<T extends string> = `${T}${Capitalize<UserType>}`;
/** Of the queue's own settings; this room does not know them by name. */
export type CapacityDefaults = Readonly<Record<Cap<'threshold'> | Cap<'userQueue'>, number>>;

/** What the configuration says. */
export function limitsOfConfig(config: AdmissionConfig & CapacityDefaults): Limits {
  return {
    rates: {
      anonymous: spellRates(config.rateAnonymous),
      registered: spellRates(config.rateRegistered),
      paid: spellRates(config.ratePaid),
      privileged: spellRates(config.ratePrivileged),
    },
    anonymous_address_factor: config.anonymousAddressFactor,
    address_rate: spellRates(config.rateAddress),
    thresholds: {
      anonymous: config.thresholdAnonymous,
      registered: config.thresholdRegistered,
      paid: config.thresholdPaid,
      privileged: config.thresholdPrivileged,
    },
    user_queue: {
      anonymous: config.userQueueAnonymous,
      registered: config.userQueueRegistered,
      paid: config.userQueuePaid,
      privileged: config.userQueuePrivileged,
    },
    breaker: {
      refusals: config.breakerRefusals,
      window_seconds: config.breakerWindow / 1000,
      open_seconds: config.breakerOpen / 1000,
    },
  };
}

export function overLimits(limits: Limits, override: LimitsOverride): Limits {
  return {
    rates: over(limits.rates, override.rates),
    anonymous_address_factor: override.anonymous_address_factor ?? limits.anonymous_address_factor,
    address_rate: override.address_rate ?? limits.address_rate,
    thresholds: over(limits.thresholds, override.thresholds),
    user_queue: over(limits.user_queue, override.user_queue),
    breaker: over(limits.breaker, override.breaker),
  };
}

function over<T extends object>(base: T, changes: { [K in keyof T]?: T[K] | undefined } = {}): T {
  const given = Object.entries(changes).filter(([, value]) => value !== undefined);
  return { ...base, ...(Object.fromEntries(given) as Partial<T>) };
}

/** Limits as those who keep them read them. */
export interface AppliedLimits {
  readonly admission: AdmissionConfig;
  readonly capacity: CapacityDefaults;
  readonly breaker: BreakerConfig;
}

export function applyLimits({
  rates: of,
  thresholds: t,
  user_queue: q,
  breaker: b,
  ...limits
}: Limits): AppliedLimits {
  const breakerConfig = {
    refusals: b.refusals,
    windowMs: Math.round(b.window_seconds * 1000),
    openMs: Math.round(b.open_seconds * 1000),
  };
  return {
    admission: {
      rateAnonymous: parsed(of.anonymous),
      rateRegistered: parsed(of.registered),
      ratePaid: parsed(of.paid),
      ratePrivileged: parsed(of.privileged),
      anonymousAddressFactor: limits.anonymous_address_factor,
      rateAddress: parsed(limits.address_rate),
      breakerRefusals: b.refusals,
      breakerWindow: breakerConfig.windowMs,
      breakerOpen: breakerConfig.openMs,
    },
    capacity: {
      thresholdAnonymous: t.anonymous,
      thresholdRegistered: t.registered,
      thresholdPaid: t.paid,
      thresholdPrivileged: t.privileged,
      userQueueAnonymous: q.anonymous,
      userQueueRegistered: q.registered,
      userQueuePaid: q.paid,
      userQueuePrivileged: q.privileged,
    },
    breaker: breakerConfig,
  };
}

function parsed(text: string): readonly Rate[] {
  const found = parseRates(text);
  if (found === undefined) throw new RangeError(`no rates: ${text}`);
  return found;
}
