import type { z } from 'zod';
import { PlatformError } from './platform-error.ts';

/** One row of `./dev config` and of the generated reference. */
export interface SettingRow {
  name: string;
  fallback: string;
  about: string;
  isRequired: boolean;
}

type Settings = z.ZodObject<z.ZodRawShape>;

/**
 * Reads a service's settings from the environment: checked once, frozen. Setting names are the schema's keys in
 * UPPER_SNAKE_CASE. A bad or missing one throws CONFIG with one line that names every problem; values are never shown.
 */
export function loadConfig<S extends Settings>(
  schema: S,
  env: Readonly<Record<string, string | undefined>>,
  service: string,
): Readonly<z.output<S>> {
  const raw: Record<string, string> = {};
  for (const key of Object.keys(schema.shape)) {
    const value = env[settingName(key)];
    if (value !== undefined && value !== '') raw[key] = value;
  }
  const parsed = schema.safeParse(raw);
  if (parsed.success) return Object.freeze(parsed.data);
  const problems = parsed.error.issues.map(
    (issue) => `${settingName(String(issue.path[0] ?? ''))}: ${issue.message}`,
  );
  throw PlatformError.of('CONFIG', `${service}: settings are not valid: ${problems.join('; ')}`);
}

/** `redisUrl` -> `REDIS_URL`. */
export function settingName(key: string): string {
  return key.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toUpperCase();
}

/** The table of a schema's settings. The sentence comes from `.describe()`. */
export function describeConfig(schema: Settings): SettingRow[] {
  return Object.entries(schema.shape).map(([key, field]) => {
    const parsed = (field as z.ZodType).safeParse(undefined);
    const shown = parsed.success && parsed.data !== undefined ? showValue(parsed.data) : '';
    return {
      name: settingName(key),
      fallback: shown,
      about: (field as z.ZodType).description ?? '',
      isRequired: !parsed.success,
    };
  });
}

function showValue(value: unknown): string {
  return typeof value === 'object' && value !== null
    ? JSON.stringify(value)
    : `${value as string | number | boolean}`;
}
