import { PlatformError } from '@switchyard/kernel';
import { z } from 'zod';

/** For whom a token is made. */
export interface TokenUser {
  userId: string;
  username?: string | undefined;
  email?: string | undefined;
  /** Full names, with the prefix. The user type follows from them. */
  roles: readonly string[];
}

export const TOKEN_USES = ['access', 'id'] as const;

/** User ids come from issuers and are free strings; what no key, log line or header could hold is refused. */
export const userIdSchema = z
  .string()
  .min(1)
  .max(256)
  .regex(/^[^\p{C}]+$/u);
const roleSchema = z.string().min(1).max(200);

export const claimsSchema = z.object({
  sub: userIdSchema,
  exp: z.number().int().positive(),
  iat: z.number().int().optional(),
  jti: z.string().max(128).optional(),
  /** The sign-in that the token belongs to; a token for scripts has none. */
  sid: z.string().max(128).optional(),
  token_use: z.enum(TOKEN_USES),
  username: z.string().max(256).optional(),
  email: z.string().max(320).optional(),
  roles: z.array(roleSchema).max(100).default([]),
  permissions: z.array(roleSchema).max(500).default([]),
});
export type Claims = z.output<typeof claimsSchema>;

/** The body of a token of ours. Times in seconds, as JWT has them. */
export function buildClaims(
  user: TokenUser,
  token: {
    use: 'access' | 'id';
    jti: string;
    signInId?: string | undefined;
    issuedAtMs: number;
    ttlMs: number;
  },
): Claims {
  const iat = Math.floor(token.issuedAtMs / 1000);
  const claims = {
    sub: user.userId,
    iat,
    exp: iat + Math.floor(token.ttlMs / 1000),
    jti: token.jti,
    sid: token.signInId,
    token_use: token.use,
    username: user.username,
    email: user.email,
    roles: [...user.roles],
    permissions: [],
  };
  const checked = claimsSchema.safeParse(JSON.parse(JSON.stringify(claims)));
  if (!checked.success) throw PlatformError.of('INVALID_REQUEST', 'no token can be made for this user');
  return checked.data;
}
