import type { TenantProject, UserType } from '@switchyard/protocol';
import type { Sql } from './sql.ts';

/** A user as sign-in sees him. */
export interface AccountRow {
  user_id: string;
  login: string | null;
  username: string | null;
  email: string | null;
  user_type: UserType;
  roles: string[];
  password_hash: string | null;
  totp_sealed: Buffer | null;
  totp_confirmed_at: Date | null;
  disabled_at: Date | null;
}

export interface AccountInput {
  userId: string;
  /** Lower case. */
  login: string;
  username?: string | undefined;
  email?: string | undefined;
  userType: UserType;
  roles: readonly string[];
  passwordHash: string;
}

const COLUMNS =
  'user_id, login, username, email, user_type, roles, password_hash, totp_sealed, totp_confirmed_at, disabled_at';
const OWN = 'tenant = $1 and project = $2 and user_id = $3';

const ADD = {
  name: 'account.add',
  text: `insert into app_user (tenant, project, user_id, login, username, email, user_type, roles, password_hash, password_changed_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, now()) on conflict do nothing returning ${COLUMNS}`,
};
const FIND = { name: 'account.find', text: `select ${COLUMNS} from app_user where ${OWN}` };
const FIND_BY_LOGIN = {
  name: 'account.findByLogin',
  text: `select ${COLUMNS} from app_user where tenant = $1 and project = $2 and login = $3`,
};
// The hash that the caller has seen: of two changes at once one is told that it came too late.
const SET_PASSWORD = {
  name: 'account.setPassword',
  text: `update app_user set password_hash = $4, password_changed_at = now(), updated_at = now(), login = coalesce($6, login)
    where ${OWN} and password_hash is not distinct from $5 and disabled_at is null returning ${COLUMNS}`,
};
// The same password, kept in another way: it was not changed.
const KEEP_ANEW = {
  name: 'account.keepAnew',
  text: `update app_user set password_hash = $4 where ${OWN} and password_hash = $5 returning ${COLUMNS}`,
};
const START_TOTP = {
  name: 'account.startTotp',
  text: `update app_user set totp_sealed = $4, totp_last_step = null where ${OWN} and totp_confirmed_at is null returning ${COLUMNS}`,
};
const CONFIRM_TOTP = {
  name: 'account.confirmTotp',
  text: `update app_user set totp_confirmed_at = now(), totp_last_step = $4
    where ${OWN} and totp_confirmed_at is null and totp_sealed = $5 returning ${COLUMNS}`,
};
const USE_TOTP_STEP = {
  name: 'account.useTotpStep',
  text: `update app_user set totp_last_step = $4
    where ${OWN} and totp_confirmed_at is not null and coalesce(totp_last_step, -1) < $4 returning ${COLUMNS}`,
};
const REMOVE_TOTP = {
  name: 'account.removeTotp',
  text: `update app_user set totp_sealed = null, totp_confirmed_at = null, totp_last_step = null where ${OWN} returning ${COLUMNS}`,
};
const DROP_CODES = { name: 'account.dropCodes', text: `delete from recovery_code where ${OWN}` };
const ADD_CODES = {
  name: 'account.addCodes',
  text: `insert into recovery_code (tenant, project, user_id, code_hash) select $1, $2, $3, unnest($4::text[])`,
};
const USE_CODE = {
  name: 'account.useCode',
  text: `update recovery_code set used_at = now() where ${OWN} and code_hash = $4 and used_at is null returning user_id`,
};
// Also of used ones: that there is none left is told by the hash that is not taken.
const FIND_CODE = {
  name: 'account.findCode',
  text: `select code_hash from recovery_code where ${OWN} limit 1`,
};
const COUNT_CODES = {
  name: 'account.countCodes',
  text: `select count(*)::int as n from recovery_code where ${OWN} and used_at is null`,
};

export type Accounts = ReturnType<typeof createAccounts>;

type Statement = { name: string; text: string };

export function createAccounts(sql: Sql, { tenant, project }: TenantProject) {
  const rowIn = async (on: Pick<Sql, 'query'>, statement: Statement, ...values: unknown[]) =>
    (await on.query<AccountRow>({ ...statement, values: [tenant, project, ...values] }))[0];
  const row = (statement: Statement, ...values: unknown[]) => rowIn(sql, statement, ...values);
  return {
    /** Undefined: the id or the login is taken. */
    add: (account: AccountInput) =>
      row(
        ADD,
        account.userId,
        account.login,
        account.username ?? null,
        account.email ?? null,
        account.userType,
        account.roles,
        account.passwordHash,
      ),
    find: (userId: string) => row(FIND, userId),
    findByLogin: (login: string) => row(FIND_BY_LOGIN, login),
    /** `former` is the hash that was checked. Undefined: somebody changed it meanwhile. Throws a unique violation for a login that is taken. */
    setPassword: (userId: string, passwordHash: string, former: string | null, login?: string) =>
      row(SET_PASSWORD, userId, passwordHash, former, login ?? null),
    /** The hash of the same password by another pepper. Undefined: it was changed meanwhile. */
    keepAnew: (userId: string, passwordHash: string, former: string) =>
      row(KEEP_ANEW, userId, passwordHash, former),
    /** Undefined: a confirmed one is there already. */
    startTotp: (userId: string, sealed: Buffer) => row(START_TOTP, userId, sealed),
    /** One change: the second factor counts, and these codes stand for it. Undefined: another secret was begun, or it counts already. */
    confirmTotp: (userId: string, sealed: Buffer, step: number, codeHashes: readonly string[]) =>
      sql.tx(async (tx) => {
        const confirmed = await rowIn(tx, CONFIRM_TOTP, userId, step, sealed);
        if (confirmed === undefined) return undefined;
        await rowIn(tx, DROP_CODES, userId);
        await rowIn(tx, ADD_CODES, userId, codeHashes);
        return confirmed;
      }),
    /** Undefined: a code of this step or a later one was taken already. */
    useTotpStep: (userId: string, step: number) => row(USE_TOTP_STEP, userId, step),
    removeTotp: (userId: string) =>
      sql.tx(async (tx) => {
        await rowIn(tx, DROP_CODES, userId);
        return rowIn(tx, REMOVE_TOTP, userId);
      }),
    /** False: unknown, or used. */
    useRecoveryCode: async (userId: string, codeHash: string) =>
      (await row(USE_CODE, userId, codeHash)) !== undefined,
    /** Any one of the user's, which says how the others were made. */
    findRecoveryHash: async (userId: string): Promise<string | undefined> =>
      (await sql.query<{ code_hash: string }>({ ...FIND_CODE, values: [tenant, project, userId] }))[0]
        ?.code_hash,
    countRecoveryCodes: async (userId: string): Promise<number> =>
      (await sql.query<{ n: number }>({ ...COUNT_CODES, values: [tenant, project, userId] }))[0]?.n ?? 0,
  };
}
