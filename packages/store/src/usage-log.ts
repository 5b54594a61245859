import type { TenantProject, Usage } from '@switchyard/protocol';
import { cleanText } from './sql-values.ts';
import type { Sql } from './sql.ts';

/** Who used how much of which model. */
export interface UsageEntry extends Usage {
  /** The writer's own; the same one again is the same use. */
  usageId: string;
  /** Milliseconds since the epoch. */
  at: number;
  /** Undefined: the platform's own work, as a schedule. */
  userId: string | undefined;
  bundleId: string;
  versionId: string;
  conversationId?: string | undefined;
  turnId?: string | undefined;
  /** `platform`: measured on a call that the platform made. `bundle`: what the bundle said. */
  source: 'platform' | 'bundle';
}

const ADD = {
  name: 'usage.add',
  text: `insert into usage (tenant, project, usage_id, at, user_id, bundle_id, version_id, conversation_id, turn_id, provider,
      model, input_tokens, output_tokens, cost, source, cached_tokens)
    values ($1, $2, $3, to_timestamp($4::float8 / 1000), $5, $6, $7, $8, $9, $10, $11, $12, $13, $14::float8::numeric, $15, $16)
    on conflict do nothing`,
};

const TOKENS_SINCE = {
  name: 'usage.tokensSince',
  text: `select coalesce(sum(input_tokens + output_tokens), 0)::bigint as tokens from usage
    where tenant = $1 and project = $2 and user_id = $3 and at >= to_timestamp($4::float8 / 1000) and source = 'platform'`,
};

export type UsageLog = ReturnType<typeof createUsageLog>;

/** What models used, for bills and reports. */
export function createUsageLog(sql: Sql, { tenant, project }: TenantProject) {
  return {
    async add(entry: UsageEntry): Promise<void> {
      const { usageId, at, userId, bundleId, versionId, conversationId, turnId, source } = entry;
      const who = [tenant, project, usageId, at, userId ?? null, bundleId, versionId];
      const where = [
        conversationId ?? null,
        turnId ?? null,
        cleanText(entry.provider),
        cleanText(entry.model),
      ];
      const what = [
        entry.input_tokens,
        entry.output_tokens,
        entry.cost ?? null,
        source,
        entry.cached_tokens ?? 0,
      ];
      await sql.query({ ...ADD, values: [...who, ...where, ...what] });
    },
    /** Tokens, read and written, of calls that the platform made for a user from then on. `since`: milliseconds since the epoch. */
    async tokensSince(userId: string, since: number): Promise<number> {
      const values = [tenant, project, userId, since];
      const [row] = await sql.query<{ tokens: number }>({ ...TOKENS_SINCE, values });
      return row?.tokens ?? 0;
    },
  };
}
