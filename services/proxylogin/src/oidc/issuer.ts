import {
  ClientSecretPost,
  None,
  ResponseBodyError,
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  buildEndSessionUrl,
  calculatePKCECodeChallenge,
  discovery,
  enableNonRepudiationChecks,
  fetchUserInfo,
  refreshTokenGrant,
} from 'openid-client';
import type { Configuration, TokenEndpointResponse, TokenEndpointResponseHelpers } from 'openid-client';
import { PlatformError } from '@switchyard/kernel';
import type { Clock } from '@switchyard/kernel';
import type { LoginConfig } from '../env.ts';

/** What an issuer says of somebody. */
export interface IssuerWord {
  /** Claims of the id token, and of the user-info endpoint where the id token has none. */
  readonly claims: Readonly<Record<string, unknown>> & { readonly sub: string };
  readonly idToken: string | undefined;
  readonly sid: string | undefined;
  readonly refreshToken: string | undefined;
}

export interface Checks {
  readonly verifier: string;
  readonly state: string;
  readonly nonce: string;
}

/** An OpenID Connect issuer, by its discovery document. Everything throws UNAVAILABLE when it cannot be reached. */
export interface Issuer {
  authorizeUrl(checks: Checks): Promise<URL>;
  /** `query` is what the browser came back with. Throws BAD_TOKEN when the issuer, or we, do not take it. */
  exchange(query: URLSearchParams, checks: Checks): Promise<IssuerWord>;
  /** Undefined: the issuer says that it is over. */
  refresh(refreshToken: string): Promise<IssuerWord | undefined>;
  /** Undefined: it has no page for signing out. */
  logoutUrl(idToken: string | undefined): Promise<URL | undefined>;
  /** Where a form that signs out may lead to; empty until the issuer was asked once. */
  formTargets(): readonly string[];
}

const TIMEOUT_SEC = 8;
/** So long a discovery document is believed. */
const MAX_AGE_MS = 60 * 60_000;
const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

export const CALLBACK_PATH = '/auth/oidc/callback';
export const SIGNED_OUT_PATH = '/auth/signed-out';

export function createIssuer(config: LoginConfig, clock: Pick<Clock, 'monotonic'>): Issuer {
  const { publicUrl } = config;
  const redirectUri = `${publicUrl}${CALLBACK_PATH}`;
  const discovered = createDiscovery(config, clock);

  return {
    async authorizeUrl({ verifier, state, nonce }) {
      return buildAuthorizationUrl(await discovered.get(), {
        ...Object.fromEntries(new URLSearchParams(config.oidcAuthorizeParameters)),
        redirect_uri: redirectUri,
        scope: config.oidcScopes,
        code_challenge: await calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        state,
        nonce,
      });
    },
    async exchange(query, { verifier, state, nonce }) {
      const known = await discovered.get();
      const url = new URL(`${redirectUri}?${query.toString()}`);
      const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce };
      const answer = await refuseBad(() =>
        authorizationCodeGrant(known, url, { ...checks, idTokenExpected: true }),
      );
      const word = await readWord(known, answer);
      if (word === undefined)
        throw PlatformError.of('BAD_TOKEN', undefined, { errorType: 'auth.issuer_refused' });
      return word;
    },
    async refresh(refreshToken) {
      const known = await discovered.get();
      try {
        const answer = await refreshTokenGrant(known, refreshToken);
        const word = await readWord(known, answer);
        return word && { ...word, refreshToken: word.refreshToken ?? refreshToken };
      } catch (error) {
        // It was asked and said no: ended there, taken back, or used by somebody else.
        if (error instanceof ResponseBodyError && error.status < 500) return undefined;
        throw unavailable(error);
      }
    },
    async logoutUrl(idToken) {
      const known = await discovered.get();
      if (known.serverMetadata().end_session_endpoint === undefined) return undefined;
      return buildEndSessionUrl(known, {
        post_logout_redirect_uri: `${publicUrl}${SIGNED_OUT_PATH}`,
        ...(idToken === undefined ? {} : { id_token_hint: idToken }),
      });
    },
    formTargets: () => discovered.formTargets(),
  };
}

function createDiscovery(config: LoginConfig, clock: Pick<Clock, 'monotonic'>) {
  const { oidcIssuer, oidcClientId, oidcClientSecret } = config;
  let known: { at: number; asked: Promise<Configuration> } | undefined;
  let targets: readonly string[] = [];

  const ask = async (): Promise<Configuration> => {
    const server = new URL(oidcIssuer);
    const secret = oidcClientSecret?.reveal() ?? '';
    const found = await discovery(
      server,
      oidcClientId,
      undefined,
      secret === '' ? None() : ClientSecretPost(secret),
      {
        // The id token's signature is proven although it comes over TLS from the issuer itself.
        execute: [
          enableNonRepudiationChecks,
          // Deprecated is its mark for "not in production": it is for an issuer on this machine alone.
          // oxlint-disable-next-line typescript/no-deprecated
          ...(LOOPBACK.has(server.hostname) ? [allowInsecureRequests] : []),
        ],
        timeout: TIMEOUT_SEC,
      },
    );
    const end = found.serverMetadata().end_session_endpoint;
    targets = end === undefined ? [] : [new URL(end).origin];
    return found;
  };

  return {
    formTargets: () => targets,
    async get(): Promise<Configuration> {
      if (known === undefined || clock.monotonic() - known.at > MAX_AGE_MS)
        known = { at: clock.monotonic(), asked: ask() };
      const { asked } = known;
      try {
        return await asked;
      } catch (error) {
        // A discovery that failed is not kept; while one is under way everybody waits for it.
        if (known.asked === asked) known = undefined;
        throw unavailable(error);
      }
    },
  };
}

type Answer = TokenEndpointResponse & TokenEndpointResponseHelpers;

/** Undefined: the answer does not say who it is about. */
async function readWord(known: Configuration, answer: Answer): Promise<IssuerWord | undefined> {
  const fromToken = answer.claims();
  const subject = fromToken?.sub;
  const hasInfo = known.serverMetadata().userinfo_endpoint !== undefined && subject !== undefined;
  const info = hasInfo ? await askInfo(known, answer.access_token, subject) : {};
  if (subject === undefined) return undefined;
  return {
    claims: { ...info, ...fromToken, sub: subject },
    idToken: answer.id_token,
    sid: typeof fromToken?.['sid'] === 'string' ? fromToken['sid'] : undefined,
    refreshToken: answer.refresh_token,
  };
}

const askInfo = async (known: Configuration, accessToken: string, subject: string) =>
  refuseBad(() => fetchUserInfo(known, accessToken, subject));

/** What the issuer refuses, or we do, is BAD_TOKEN; what it could not answer is UNAVAILABLE. */
async function refuseBad<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    const isAway =
      (error instanceof ResponseBodyError && error.status >= 500) ||
      error instanceof TypeError ||
      (error instanceof Error && ['OAUTH_TIMEOUT', 'OAUTH_ABORT'].includes(codeOf(error)));
    if (isAway) throw unavailable(error);
    throw PlatformError.of('BAD_TOKEN', undefined, { errorType: 'auth.issuer_refused', cause: error });
  }
}

const codeOf = (error: Error): string =>
  'code' in error && typeof error.code === 'string' ? error.code : '';

function unavailable(cause: unknown): PlatformError {
  if (cause instanceof PlatformError) return cause;
  return PlatformError.of('UNAVAILABLE', 'The sign-in of your organisation cannot be reached right now.', {
    cause,
    retryAfterSec: 5,
  });
}
