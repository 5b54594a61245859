import type { TenantProject } from '@switchyard/protocol';
import type { Sql } from './sql.ts';

/** One sealed value. `name` is what the row is called, in the order of its primary key. */
export interface SealedRow {
  readonly name: readonly string[];
  /** Whom it is sealed for. */
  readonly user_id: string;
  readonly sealed: Buffer;
}

export interface ResealedRow {
  readonly name: readonly string[];
  readonly former: Uint8Array;
  readonly sealed: Uint8Array;
}

/** The sealed values of a scope in one table, for sealing them anew. */
export interface SealedRows {
  /** In the order of their names; `after` is the last name of the page before. */
  list(after: readonly string[] | undefined, limit: number): Promise<SealedRow[]>;
  /** Each where it is still what it was; returns how many were. */
  replace(rows: readonly ResealedRow[]): Promise<number>;
}

interface SealedColumn {
  readonly table: string;
  readonly column: string;
  /** Of the primary key, after tenant and project. */
  readonly key: readonly string[];
  /** Of what is over nothing is opened any more. */
  readonly live: string;
}

const COLUMNS = {
  totpSecrets: { table: 'app_user', column: 'totp_sealed', key: ['user_id'], live: 'true' },
  logoutHints: {
    table: 'sign_in',
    column: 'logout_hint',
    key: ['sign_in_id'],
    live: 'ended_at is null and expires_at > now()',
  },
  predictionRequests: {
    table: 'prediction',
    column: 'sealed',
    key: ['bundle_id', 'user_id', 'prediction_id'],
    live: 'ended_at is null',
  },
} satisfies Record<string, SealedColumn>;

export type SealedColumnName = keyof typeof COLUMNS;

export function createSealedRows(sql: Sql, scope: TenantProject, what: SealedColumnName): SealedRows {
  const { tenant, project } = scope;
  const statements = STATEMENTS[what];
  const width = COLUMNS[what].key.length;
  return {
    list: (after, limit) =>
      sql.query<SealedRow>({
        ...statements.list,
        values: [tenant, project, limit, ...(after ?? Array.from({ length: width }, () => ''))],
      }),
    async replace(rows) {
      const names = Array.from({ length: width }, (_, at) => rows.map((row) => row.name[at]));
      const values = [
        rows.map(({ former }) => Buffer.from(former)),
        rows.map(({ sealed }) => Buffer.from(sealed)),
      ];
      return (await sql.query({ ...statements.replace, values: [tenant, project, ...values, ...names] }))
        .length;
    },
  };
}

function write(what: string, { table, column, key, live }: SealedColumn) {
  const keyOf = (alias: string) => key.map((each) => `${alias}.${each}`).join(', ');
  const at = (first: number, type = '') => key.map((_, index) => `$${first + index}${type}`).join(', ');
  return {
    list: {
      name: `sealed.${what}.list`,
      text: `select array[${keyOf('t')}] as name, t.user_id, t.${column} as sealed from ${table} as t
        where t.tenant = $1 and t.project = $2 and t.${column} is not null and ${live} and (${keyOf('t')}) > (${at(4)})
        order by ${keyOf('t')} limit $3`,
    },
    replace: {
      name: `sealed.${what}.replace`,
      text: `update ${table} as t set ${column} = given.sealed
        from unnest($3::bytea[], $4::bytea[], ${at(5, '::text[]')}) as given (former, sealed, ${key.join(', ')})
        where t.tenant = $1 and t.project = $2 and (${keyOf('t')}) = (${keyOf('given')}) and t.${column} = given.former
        returning 1 as one`,
    },
  };
}

const STATEMENTS = {
  totpSecrets: write('totpSecrets', COLUMNS.totpSecrets),
  logoutHints: write('logoutHints', COLUMNS.logoutHints),
  predictionRequests: write('predictionRequests', COLUMNS.predictionRequests),
};
