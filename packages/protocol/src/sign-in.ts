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

/** What `GET /auth/session` of the sign-in service says. Times in ISO 8601. */
export const authSessionSchema = z.union([
  z.object({ signed_in: z.literal(false) }),
  z.object({
    signed_in: z.literal(true),
    user_id: z.string(),
    username: z.string().nullable(),
    user_type: z.string(),
    has_password: z.boolean(),
    /** Null: by a token, not by a browser that signed in. */
    sign_in: z
      .object({ sign_in_id: z.string(), method: z.string(), created_at: z.string(), expires_at: z.string() })
      .nullable(),
  }),
]);
export type AuthSession = z.output<typeof authSessionSchema>;

/** `to` is where the browser goes then: it may be the page of an issuer. */
export const loggedOutSchema = z.object({ ok: z.boolean(), invalidated: z.boolean(), to: z.string() });
