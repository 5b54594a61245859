import type { TenantProject, UserType } from '@switchyard/protocol';
import type { Sql } from './sql.ts';

export interface UserRow {
  user_id: string;
  username: string | null;
  email: string | null;
  user_type: UserType;
  roles: string[];
  disabled_at: Date | null;
  created_at: Date;
}

export interface UserInput {
  userId: string;
  username?: string | undefined;
  email?: string | undefined;
  userType: UserType;
  roles: readonly string[];
}

const COLUMNS = 'user_id, username, email, user_type, roles, disabled_at, created_at';

const PUT_USER = {
  name: 'user.put',
  text: `insert into app_user as u (tenant, project, user_id, username, email, user_type, roles) values ($1, $2, $3, $4, $5, $6, $7)
    on conflict (tenant, project, user_id) do update set username = coalesce(excluded.username, u.username),
      email = coalesce(excluded.email, u.email), user_type = excluded.user_type, roles = excluded.roles, updated_at = now()
    returning ${COLUMNS}`,
};
const ADD_USER = {
  name: 'user.add',
  text: `insert into app_user (tenant, project, user_id, username, email, user_type, roles) values ($1, $2, $3, $4, $5, $6, $7)
    on conflict (tenant, project, user_id) do nothing returning ${COLUMNS}`,
};
const FIND_USER = {
  name: 'user.find',
  text: `select ${COLUMNS} from app_user where tenant = $1 and project = $2 and user_id = $3`,
};
const LIST_USERS = {
  name: 'user.list',
  text: `select ${COLUMNS} from app_user where tenant = $1 and project = $2 and user_id > $3 order by user_id limit $4`,
};
const DISABLE_USER = {
  name: 'user.disable',
  text: `update app_user set disabled_at = case when $4 then coalesce(disabled_at, now()) end, updated_at = now()
    where tenant = $1 and project = $2 and user_id = $3 returning ${COLUMNS}`,
};

export type Users = ReturnType<typeof createUsers>;

export function createUsers(sql: Sql, scope: TenantProject) {
  const { tenant, project } = scope;
  const row = async (statement: { name: string; text: string }, ...values: unknown[]) =>
    (await sql.query<UserRow>({ ...statement, values: [tenant, project, ...values] }))[0];
  const fields = (user: UserInput) => [
    user.userId,
    user.username ?? null,
    user.email ?? null,
    user.userType,
    user.roles,
  ];
  return {
    /** Makes the user or sets type and roles of an existing one; name and mail stay where none are given. */
    async put(user: UserInput): Promise<UserRow> {
      const put = await row(PUT_USER, ...fields(user));
      if (put === undefined) throw new Error('user.put returned no row');
      return put;
    },
    /** Undefined: a user of that id exists already, and was not changed. */
    add: (user: UserInput) => row(ADD_USER, ...fields(user)),
    find: (userId: string) => row(FIND_USER, userId),
    /** By id; `after` is the last id of the page before, '' at the start. */
    list: (after: string, limit: number) =>
      sql.query<UserRow>({ ...LIST_USERS, values: [tenant, project, after, limit] }),
    setDisabled: (userId: string, isDisabled: boolean) => row(DISABLE_USER, userId, isDisabled),
  };
}
