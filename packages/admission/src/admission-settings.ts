import { decimal } from '@switchyard/kernel';
import type { UserType } from '@switchyard/protocol';
import { z } from 'zod';
import { parseRates } from './parse-rates.ts';
import type { Rate } from './parse-rates.ts';

/** A setting of calls per window, `10/1m,120/1h`. */
export const ratesSetting = (fallback: string) =>
  z
    .string()
    .default(fallback)
    .transform((text, context) => {
      const parsed = parseRates(text);
      if (parsed !== undefined) return parsed;
      context.addIssue({ code: 'custom', message: 'expected calls per window like 10/1m,120/1h' });
      return z.NEVER;
    });

const rates = (fallback: string, whose: string) =>
  ratesSetting(fallback).describe(`Messages of one ${whose} user per window; all windows hold`);

/** Settings of admission, for a service's own schema. The numbers are 02's. */
export const admissionSettings = {
  rateAnonymous: rates('10/1m,120/1h', 'anonymous'),
  rateRegistered: rates('160/1m,6000/1h', 'registered'),
  ratePaid: rates('220/1m,12000/1h', 'paid'),
  ratePrivileged: rates('400/1m', 'privileged'),
  anonymousAddressFactor: decimal(10, 1, 1000).describe(
    'How many anonymous users one address may be, for those who throw their cookie away',
  ),
};

const schema = z.object(admissionSettings);
export type AdmissionConfig = Readonly<z.output<typeof schema>>;

export function ratesOf(config: AdmissionConfig, userType: UserType): readonly Rate[] {
  const byType: Record<UserType, readonly Rate[]> = {
    anonymous: config.rateAnonymous,
    registered: config.rateRegistered,
    paid: config.ratePaid,
    privileged: config.ratePrivileged,
  };
  return byType[userType];
}
