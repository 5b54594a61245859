import { decimal, duration, integer } from '@switchyard/kernel';
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

const rates = (fallback: string, whose: string) => ratesSetting(fallback).describe(whose);

const ofOne = (userType: UserType) => `Messages of one ${userType} user per window; all windows hold`;

/** Settings of admission, for a service's own schema. The numbers are 02's. */
export const admissionSettings = {
  rateAnonymous: rates('10/1m,120/1h', ofOne('anonymous')),
  rateRegistered: rates('160/1m,6000/1h', ofOne('registered')),
  ratePaid: rates('220/1m,12000/1h', ofOne('paid')),
  ratePrivileged: rates('400/1m', ofOne('privileged')),
  anonymousAddressFactor: decimal(10, 1, 1000).describe(
    'How many anonymous users one address may be, for those who throw their cookie away',
  ),
  rateAddress: rates(
    '6000/1m',
    'Messages of all signed-in users of one address per window; an office behind one address is one',
  ),
  breakerRefusals: integer(50, 0, 1_000_000).describe(
    'Messages of one user type, refused for want of room within the window, that open its breaker; 0: none does',
  ),
  breakerWindow: duration('10s').describe('The window of those refusals'),
  breakerOpen: duration('5s').describe('How long a breaker refuses before one message may try'),
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
