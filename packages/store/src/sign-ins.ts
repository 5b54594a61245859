import type { TenantProject } from '@switchyard/protocol';
import { cleanText } from './sql-values.ts';
import type { Sql } from './sql.ts';

export interface SignInRow {
  sign_in_id: string;
  user_id: string;
  method: string;
  masked_hash: string | null;
  user_agent: string | null;
  created_at: Date;
  expires_at: Date;
  ended_at: Date | null;
  provider: string | null;
  issuer_sid: string | null;
  logout_hint: Buffer | null;
  renewed_at: Date | null;
}

export interface SignInInput {
  signInId: string;
  userId: string;
  /** How: `link`, `password`, `oidc`. */
  method: string;
  /** Hash of the masked cookie, never the cookie. */
  maskedHash?: string | undefined;
  userAgent?: string | undefined;
  expiresAt: Date;
  /** Where it was proven, if not here; and what that sign-in is called there. */
  provider?: string | undefined;
  issuerSid?: string | undefined;
  logoutHint?: Buffer | undefined;
}

const COLUMNS =
  'sign_in_id, user_id, method, masked_hash, user_agent, created_at, expires_at, ended_at, provider, issuer_sid, logout_hint, renewed_at';
const SCOPE = 'tenant = $1 and project = $2';

/** Of a sign-in that is not used; null: there is no such limit. Its token is made anew at its use, which is when `renewed_at` is written. */
const isUsed = (idleMs: string) =>
  `(${idleMs}::float8 is null or coalesce(renewed_at, created_at) > now() - ${idleMs}::float8 * interval '1 millisecond')`;

const ADD_SIGN_IN = {
  name: 'signIn.add',
  text: `insert into sign_in (tenant, project, sign_in_id, user_id, method, masked_hash, user_agent, expires_at,
      provider, issuer_sid, logout_hint) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) returning ${COLUMNS}`,
};
const LIST_SIGN_INS = {
  name: 'signIn.listLive',
  text: `select ${COLUMNS} from sign_in where ${SCOPE} and user_id = $3 and ended_at is null and expires_at > now()
    and ${isUsed('$4')} order by created_at desc limit 200`,
};
const END_SIGN_IN = {
  name: 'signIn.end',
  text: `update sign_in set ended_at = now() where ${SCOPE} and user_id = $3 and sign_in_id = $4 and ended_at is null
    returning ${COLUMNS}`,
};
const END_BY_MASKED = {
  name: 'signIn.endByMasked',
  text: `update sign_in set ended_at = now() where ${SCOPE} and masked_hash = $3 and ended_at is null returning ${COLUMNS}`,
};
const END_ALL = {
  name: 'signIn.endAll',
  text: `update sign_in set ended_at = now() where ${SCOPE} and user_id = $3 and ended_at is null
    and ($4::text is null or sign_in_id <> $4) returning ${COLUMNS}`,
};
const END_BY_ISSUER = {
  name: 'signIn.endByIssuer',
  text: `update sign_in set ended_at = now() where ${SCOPE} and provider = $3 and ended_at is null
    and ($4::text is null or issuer_sid = $4) and ($5::text is null or user_id = $5)
    and coalesce($4::text, $5::text) is not null returning ${COLUMNS}`,
};
// Only one that lives: what ended meanwhile must not come back.
const RENEW = {
  name: 'signIn.renew',
  text: `update sign_in set renewed_at = now() where ${SCOPE} and user_id = $3 and sign_in_id = $4 and ended_at is null
    and expires_at > now() and ${isUsed('$5')} returning ${COLUMNS}`,
};
const FIND_SIGN_IN = {
  name: 'signIn.find',
  text: `select ${COLUMNS} from sign_in where ${SCOPE} and user_id = $3 and sign_in_id = $4`,
};
const IS_ENDED = {
  name: 'signIn.isEnded',
  text: `select ended_at is not null as ended from sign_in where ${SCOPE} and sign_in_id = $3`,
};

export type SignIns = ReturnType<typeof createSignIns>;

export function createSignIns(sql: Sql, scope: TenantProject) {
  const rows = (statement: { name: string; text: string }, ...values: unknown[]) =>
    sql.query<SignInRow>({ ...statement, values: [scope.tenant, scope.project, ...values] });
  return {
    async add(signIn: SignInInput): Promise<SignInRow | undefined> {
      const { signInId, userId, method, maskedHash, userAgent, expiresAt } = signIn;
      const agent = userAgent === undefined ? null : cleanText(userAgent).slice(0, 400);
      const there = [signIn.provider ?? null, signIn.issuerSid ?? null, signIn.logoutHint ?? null];
      return (
        await rows(ADD_SIGN_IN, signInId, userId, method, maskedHash ?? null, agent, expiresAt, ...there)
      )[0];
    },
    /** Neither ended nor run out, newest first; nor unused for `idleMs`. */
    listLive: (userId: string, idleMs?: number) => rows(LIST_SIGN_INS, userId, idleMs ?? null),
    /** Undefined: not there, not this user's, or already ended. */
    end: async (userId: string, signInId: string) => (await rows(END_SIGN_IN, userId, signInId))[0],
    endByMasked: async (maskedHash: string) => (await rows(END_BY_MASKED, maskedHash))[0],
    /** All of a user, but for the one that is named. */
    endAll: (userId: string, exceptId?: string) => rows(END_ALL, userId, exceptId ?? null),
    /** What an issuer says has ended there: one sign-in of that name, or all of a user. */
    endByIssuer: (provider: string, at: { issuerSid?: string | undefined; userId?: string | undefined }) =>
      rows(END_BY_ISSUER, provider, at.issuerSid ?? null, at.userId ?? null),
    /** Undefined: it has ended, or was not used for `idleMs`. */
    renew: async (userId: string, signInId: string, idleMs?: number) =>
      (await rows(RENEW, userId, signInId, idleMs ?? null))[0],
    find: async (userId: string, signInId: string) => (await rows(FIND_SIGN_IN, userId, signInId))[0],
    /** Undefined when there is no such sign-in. */
    async isEnded(signInId: string): Promise<boolean | undefined> {
      const values = [scope.tenant, scope.project, signInId];
      return (await sql.query<{ ended: boolean }>({ ...IS_ENDED, values }))[0]?.ended;
    },
  };
}
