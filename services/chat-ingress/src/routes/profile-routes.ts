import { defineRoute } from '@switchyard/http';
import type { Route } from '@switchyard/http';
import type { Caller } from '@switchyard/identity';
import { HEADER, formatTimestamp, frontendConfigSchema, profileSchema } from '@switchyard/protocol';
import type { FrontendConfig, Profile } from '@switchyard/protocol';
import type { IngressConfig } from '../env.ts';
import type { IdentifyRequest } from '../identify-request.ts';

/** Who the caller is, and what a page must know before it asks. */
export function createProfileRoutes(identify: IdentifyRequest, config: IngressConfig): Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/profile',
      summary: 'Who is asking.',
      tag: 'session',
      guard: 'none',
      answer: profileSchema,
      handle: async ({ req, res }) => profileOf(await identify(req, res, { anonymous: 'always' })),
    }),
    defineRoute({
      method: 'get',
      path: '/api/cp-frontend-config',
      summary: 'What the page needs before it knows who is there.',
      tag: 'session',
      guard: 'none',
      answer: frontendConfigSchema,
      handle: () => frontendConfig(config),
    }),
  ];
}

function profileOf(caller: Caller): Profile {
  const session = { session_id: caller.sessionId, created_at: formatTimestamp(caller.sessionCreatedAt) };
  if (caller.userType === 'anonymous')
    return { user_type: 'ANONYMOUS', fingerprint: caller.fingerprint ?? caller.userId, ...session };
  const userType = ({ privileged: 'PRIVILEGED', paid: 'PAID', registered: 'REGISTERED' } as const)[
    caller.userType
  ];
  return {
    user_type: userType,
    username: caller.username ?? null,
    user_id: caller.userId,
    roles: [...caller.roles],
    permissions: [...caller.permissions],
    ...session,
  };
}

function frontendConfig(config: IngressConfig): FrontendConfig {
  return {
    tenant: config.tenant,
    project: config.project,
    auth: {
      type: 'local',
      token_cookie: config.accessTokenCookie,
      id_token_cookie: config.idTokenCookie,
      masked_cookie: config.maskedCookie,
      anonymous_allowed: config.anonymousAllowed,
      sign_in_path: config.signInPath === '' ? null : config.signInPath,
    },
    headers: {
      stream_id: HEADER.streamId,
      session_id: HEADER.sessionId,
      id_token: HEADER.idToken,
      timezone: HEADER.timezone,
      utc_offset: HEADER.utcOffset,
    },
    limits: {
      max_message_characters: config.maxMessageCharacters,
      max_message_bytes: config.maxMessageBytes,
      max_attachments: config.maxAttachments,
    },
    features: {
      anonymous: config.anonymousAllowed,
      attachments: true,
      search: true,
      feedback: true,
      export: true,
      cancel: true,
      regenerate: false,
      fork: false,
      share: false,
    },
  };
}
