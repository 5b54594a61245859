import { z } from 'zod';

/** `GET /profile`. User types are upper case here, and only here (03 §2). */
export const profileSchema = z.union([
  z.object({
    user_type: z.enum(['PRIVILEGED', 'PAID', 'REGISTERED']),
    username: z.string().nullable(),
    user_id: z.string(),
    roles: z.array(z.string()),
    permissions: z.array(z.string()),
    session_id: z.string(),
    created_at: z.string(),
  }),
  z.object({
    user_type: z.literal('ANONYMOUS'),
    fingerprint: z.string(),
    session_id: z.string(),
    created_at: z.string(),
  }),
]);
export type Profile = z.output<typeof profileSchema>;

/** `GET /api/cp-frontend-config`: what the page needs before it knows who is there. */
export const frontendConfigSchema = z.object({
  tenant: z.string(),
  project: z.string(),
  auth: z.object({
    type: z.string(),
    token_cookie: z.string(),
    id_token_cookie: z.string(),
    masked_cookie: z.string(),
    anonymous_allowed: z.boolean(),
    /** The page where people sign in; null where there is none. Absent from older servers. */
    sign_in_path: z.string().nullable().optional(),
  }),
  headers: z.object({
    stream_id: z.string(),
    session_id: z.string(),
    id_token: z.string(),
    timezone: z.string(),
    utc_offset: z.string(),
  }),
  limits: z.object({
    max_message_characters: z.number(),
    max_message_bytes: z.number(),
    max_attachments: z.number(),
  }),
  features: z.record(z.string(), z.boolean()),
});
export type FrontendConfig = z.output<typeof frontendConfigSchema>;
