import { z } from 'zod';

/** One method that proc offers to bundles. `args` and `result` are what crosses the host channel; both sides check with them. */
export interface CapabilityMethodSpec {
  readonly summary: string;
  readonly args: z.ZodType<unknown[]>;
  readonly result: z.ZodType;
  /** True: something outside of the invocation changes. Carries the turn's fence, and ends `recovery: 'retryIfSilent'`. */
  readonly hasSideEffects: boolean;
}

export function read<A extends z.ZodType<unknown[]>, R extends z.ZodType>(
  summary: string,
  args: A,
  result: R,
) {
  return { summary, args, result, hasSideEffects: false } as const;
}
export function write<A extends z.ZodType<unknown[]>, R extends z.ZodType>(
  summary: string,
  args: A,
  result: R,
) {
  return { summary, args, result, hasSideEffects: true } as const;
}

/** Bounds of what bundles may send and ask, in characters, bytes and items. */
export const CAPABILITY_LIMITS = {
  maxKeyCharacters: 512,
  maxPathCharacters: 1000,
  maxValueCharacters: 256 * 1024,
  maxFileBytes: 25 * 1024 * 1024,
  maxListItems: 1000,
  maxQueryCharacters: 2000,
  maxCodeCharacters: 256 * 1024,
} as const;
const LIMITS = CAPABILITY_LIMITS;

// Segments that mean another folder never reach an implementation.
export const path = z
  .string()
  .min(1)
  .max(LIMITS.maxPathCharacters)
  .refine(
    (text) =>
      !text.includes('\0') &&
      !text.includes('\\') &&
      text.split('/').every((segment) => segment !== '' && segment !== '.' && segment !== '..'),
    { message: 'no path: segments between single slashes, without `.`, `..` and backslashes' },
  );
export const prefix = z.string().max(LIMITS.maxPathCharacters);
export const page = {
  limit: z.number().int().min(1).max(LIMITS.maxListItems).default(100),
  cursor: z.string().optional(),
};
