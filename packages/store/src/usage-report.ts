import type { TenantProject } from '@switchyard/protocol';
import type { Sql } from './sql.ts';

/** By what a report may be broken down: its name, and where it comes from. */
const DIMENSIONS = {
  user: 'user_id',
  bundle: 'bundle_id',
  provider: 'provider',
  model: 'model',
  day: `to_char(at at time zone 'UTC', 'YYYY-MM-DD')`,
  source: 'source',
} as const;
export type UsageDimension = keyof typeof DIMENSIONS;

export interface UsageQuery {
  /** Each one once; none: one sum. */
  by: readonly UsageDimension[];
  /** Milliseconds since the epoch; `to` is not in it. */
  from: number;
  to: number;
  userId?: string | undefined;
  bundleId?: string | undefined;
  model?: string | undefined;
  limit: number;
  offset: number;
}

export interface UsageSum {
  calls: number;
  input_tokens: number;
  /** Of `input_tokens`. */
  cached_tokens: number;
  output_tokens: number;
  /** Of the calls that had a price; null: none had. */
  cost: number | null;
  calls_without_cost: number;
}
export type UsageRow = UsageSum & { [Name in UsageDimension]?: string | null };

const SUMS = `count(*)::bigint as calls, coalesce(sum(input_tokens), 0)::bigint as input_tokens,
  coalesce(sum(cached_tokens), 0)::bigint as cached_tokens, coalesce(sum(output_tokens), 0)::bigint as output_tokens,
  sum(cost)::float8 as cost, count(*) filter (where cost is null)::bigint as calls_without_cost`;
const WHERE = `tenant = $1 and project = $2 and at >= to_timestamp($3::float8 / 1000) and at < to_timestamp($4::float8 / 1000)
  and ($5::text is null or user_id = $5) and ($6::text is null or bundle_id = $6) and ($7::text is null or model = $7)`;

export type UsageReport = ReturnType<typeof createUsageReport>;

/** Sums of what models used, from the rows that `createUsageLog` writes. */
export function createUsageReport(sql: Sql, { tenant, project }: TenantProject) {
  const valuesOf = ({ from, to, userId, bundleId, model }: UsageQuery) => [
    tenant,
    project,
    from,
    to,
    userId ?? null,
    bundleId ?? null,
    model ?? null,
  ];
  return {
    /** One row a combination, ordered by what it is broken down by; nobody's own use has `user` null. */
    rows(query: UsageQuery): Promise<UsageRow[]> {
      const columns = query.by.map((name) => `${DIMENSIONS[name]} as "${name}"`);
      const places = query.by.map((_, at) => at + 1).join(', ');
      const grouped = places === '' ? '' : `group by ${places} order by ${places}`;
      return sql.query<UsageRow>({
        text: `select ${[...columns, SUMS].join(', ')} from usage where ${WHERE} ${grouped} limit $8 offset $9`,
        values: [...valuesOf(query), query.limit, query.offset],
      });
    },
    async total(query: UsageQuery): Promise<UsageSum> {
      const [row] = await sql.query<UsageSum>({
        text: `select ${SUMS} from usage where ${WHERE}`,
        values: valuesOf(query),
      });
      if (row === undefined) throw new Error('a sum has one row');
      return row;
    },
  };
}
