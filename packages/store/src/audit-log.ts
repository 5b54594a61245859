import type { TenantProject } from '@switchyard/protocol';
import { isoText } from './iso-text.ts';
import { cleanText, json } from './sql-values.ts';
import type { Sql } from './sql.ts';

export interface AuditInput {
  actorId: string;
  actorName?: string | undefined;
  /** Area and verb: `worker.drain`. */
  action: string;
  /** Id of what is changed. */
  target: string;
  address?: string | undefined;
  userAgent?: string | undefined;
  requestId: string;
}

export interface AuditRow {
  audit_id: number;
  at: string;
  actor_id: string;
  actor_name: string | null;
  action: string;
  target: string;
  before: unknown;
  after: unknown;
  outcome: 'started' | 'done' | 'refused';
  address: string | null;
  user_agent: string | null;
  request_id: string;
}

export interface AuditFilter {
  /** Newest first, below this id. */
  before?: number | undefined;
  actorId?: string | undefined;
  target?: string | undefined;
  limit: number;
}

const COLUMNS = `audit_id, ${isoText('at')} as at, actor_id, actor_name, action, target, before, after, outcome, address, user_agent,
  request_id`;

const BEGIN_ENTRY = {
  name: 'audit.begin',
  text: `insert into audit_entry (tenant, project, actor_id, actor_name, action, target, address, user_agent, request_id)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9) returning audit_id`,
};
// started -> done or refused, once.
const END_ENTRY = {
  name: 'audit.end',
  text: `update audit_entry set outcome = $4, before = $5::jsonb, after = $6::jsonb
    where tenant = $1 and project = $2 and audit_id = $3 and outcome = 'started' returning audit_id`,
};
const LIST_ENTRIES = `select ${COLUMNS} from audit_entry where tenant = $1 and project = $2`;
const LONGEST_TEXT = 400;

export type AuditLog = ReturnType<typeof createAuditLog>;

/** What admins changed (03 §7). Written before the change and completed after it, so that no change is without its entry. */
export function createAuditLog(sql: Sql, { tenant, project }: TenantProject) {
  const short = (text: string | undefined) =>
    text === undefined ? null : cleanText(text).slice(0, LONGEST_TEXT);
  return {
    /** Returns the entry's id. */
    async begin(entry: AuditInput): Promise<number> {
      const { actorId, actorName, action, target, address, userAgent, requestId } = entry;
      const values = [
        tenant,
        project,
        actorId,
        short(actorName),
        action,
        cleanText(target).slice(0, LONGEST_TEXT),
        short(address),
        short(userAgent),
        requestId,
      ];
      const [row] = await sql.query<{ audit_id: number }>({ ...BEGIN_ENTRY, values });
      if (row === undefined) throw new Error('an audit entry was not written');
      return row.audit_id;
    },
    /** False when it was ended before. */
    async end(
      auditId: number,
      outcome: 'done' | 'refused',
      change: { before?: unknown; after?: unknown },
    ): Promise<boolean> {
      const values = [
        tenant,
        project,
        auditId,
        outcome,
        change.before === undefined ? null : json(change.before),
        change.after === undefined ? null : json(change.after),
      ];
      return (await sql.query({ ...END_ENTRY, values })).length > 0;
    },
    list({ before, actorId, target, limit }: AuditFilter): Promise<AuditRow[]> {
      const values: unknown[] = [tenant, project];
      const conditions = [
        ['audit_id <', before],
        ['actor_id =', actorId],
        ['target =', target],
      ] as const;
      let text = LIST_ENTRIES;
      for (const [condition, value] of conditions) {
        if (value === undefined) continue;
        values.push(value);
        text += ` and ${condition} $${values.length}`;
      }
      values.push(limit);
      return sql.query<AuditRow>({ text: `${text} order by audit_id desc limit $${values.length}`, values });
    },
  };
}
