import { z } from 'zod';

/** Every id that may enter a Redis key or a path (02, Names). */
export const ID_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,127}$/;

export const idSchema = z
  .string()
  .regex(ID_PATTERN, 'must be 1 to 128 of A-Z a-z 0-9 . _ @ - and start with a letter or digit');

export function isId(value: unknown): value is string {
  return typeof value === 'string' && ID_PATTERN.test(value);
}

/** The two halves of every scope. */
export interface TenantProject {
  readonly tenant: string;
  readonly project: string;
}
