import { z } from 'zod';

/** One authentication on one device, as its owner and admins see it. Times in ISO 8601. */
export const signInSchema = z.object({
  sign_in_id: z.string(),
  /** `link`, `password`, `oidc`, ... */
  method: z.string(),
  user_agent: z.string().nullable(),
  created_at: z.string(),
  /** When its token was last made anew. */
  renewed_at: z.string().nullable(),
  expires_at: z.string(),
  /** The one that asks. */
  is_current: z.boolean(),
});
export type SignInEntry = z.output<typeof signInSchema>;

export const signInListSchema = z.object({ items: z.array(signInSchema) });
export const signInEndedSchema = z.object({ ended: z.number().int() });
