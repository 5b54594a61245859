import { z } from 'zod';
import { Secret } from './secret.ts';

const DURATION_UNITS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const BYTE_UNITS: Record<string, number> = {
  B: 1,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
  KB: 1000,
  MB: 1e6,
  GB: 1e9,
};

function parseWithUnit(text: string, units: Record<string, number>): number | undefined {
  const match = /^(\d+(?:\.\d+)?)([A-Za-z]+)$/.exec(text.trim());
  const factor = match?.[2] === undefined ? undefined : units[match[2]];
  return match?.[1] === undefined || factor === undefined ? undefined : Number(match[1]) * factor;
}

function withUnit(units: Record<string, number>, example: string) {
  return z.string().transform((text, context) => {
    const value = parseWithUnit(text, units);
    if (value !== undefined) return value;
    context.addIssue({ code: 'custom', message: `expected a value like ${example}` });
    return z.NEVER;
  });
}

/** `"30s"`, `"5m"`, `"250ms"`, `"24h"` -> milliseconds. */
export const duration = (fallback: string) =>
  z.string().default(fallback).pipe(withUnit(DURATION_UNITS, '30s, 5m or 250ms'));
/** `"25MiB"`, `"64KB"` -> bytes. */
export const bytes = (fallback: string) =>
  z.string().default(fallback).pipe(withUnit(BYTE_UNITS, '25MiB or 64KB'));
export const integer = (fallback: number, min = 0, max = Number.MAX_SAFE_INTEGER) =>
  z.coerce.number().int().min(min).max(max).default(fallback);
export const decimal = (fallback: number, min = 0, max = Number.MAX_VALUE) =>
  z.coerce.number().min(min).max(max).default(fallback);
export const text = (fallback?: string) =>
  fallback === undefined ? z.string().min(1) : z.string().default(fallback);
export const flag = (fallback: boolean) =>
  z
    .enum(['true', 'false', '1', '0', 'on', 'off'])
    .default(fallback ? 'true' : 'false')
    .transform((value) => value === 'true' || value === '1' || value === 'on');
/** Comma-separated. */
export const list = (fallback: readonly string[] = []) =>
  z
    .string()
    .default(fallback.join(','))
    .transform((value) =>
      value
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== ''),
    );
/** A setting that is never printed. */
export const secret = () =>
  z
    .string()
    .min(1)
    .transform((value) => new Secret(value));
export const optionalSecret = () =>
  z
    .string()
    .optional()
    .transform((value) => (value === undefined || value === '' ? undefined : new Secret(value)));

/** For tests, see `failpoint.ts`. */
export const failpointsSetting = z
  .string()
  .default('')
  .describe('For tests: places where this process dies, stands still or fails. Refused in production.');
