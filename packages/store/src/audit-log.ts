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
  /** The whole of it, or with a `*` at its end what begins so: `secret.*`. */
  action?: string | undefined;
  outcome?: AuditRow['outcome'] | undefined;
  /** From this moment on, and before that one. */
  since?: Date | undefined;
  until?: Date | undefined;
  limit: number;
}

/** How long entries are kept, in milliseconds. */
export interface AuditRetention {
  changesMs: number;
  /** Of reads: there may be as many as there are turns. */
  readsMs: number;
}

/** Area of reads of secrets; they have a retention of their own. */
export const READ_ACTION = 'secret.read';

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
// What is over when it is written: nothing was changed, so there is no moment in which it is not known.
const RECORD_ENTRY = {
  name: 'audit.record',
  text: `insert into audit_entry (tenant, project, actor_id, actor_name, action, target, address, user_agent, request_id, outcome, after)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11::jsonb)`,
};
// The setting holds for this statement's transaction; it is what the table's trigger asks for.
const SWEEP_ENTRIES = {
  name: 'audit.sweep',
  text: `with over as materialized (
      select audit_id from audit_entry
        where tenant = $1 and project = $2 and at < to_timestamp($3::float8) and (action = $4) = $5
        order by at limit $6)
    delete from audit_entry
      where set_config('switchyard.audit_before', $3::text, true) <> '' and audit_id in (select audit_id from over) returning audit_id`,
};
const LIST_ENTRIES = `select ${COLUMNS} from audit_entry where tenant = $1 and project = $2`;
const LONGEST_TEXT = 400;

export type AuditLog = ReturnType<typeof createAuditLog>;

/**
 * What admins changed (03 §7), and who read which secret. Changes are written before they are made and completed after it, so that none is
 * without its entry. The table only grows; what goes, goes by age.
 */
export function createAuditLog(sql: Sql, { tenant, project }: TenantProject) {
  const short = (text: string | undefined) =>
    text === undefined ? null : cleanText(text).slice(0, LONGEST_TEXT);
  const valuesOf = (entry: AuditInput): unknown[] => [
    tenant,
    project,
    cleanText(entry.actorId).slice(0, LONGEST_TEXT),
    short(entry.actorName),
    entry.action,
    cleanText(entry.target).slice(0, LONGEST_TEXT),
    short(entry.address),
    short(entry.userAgent),
    entry.requestId,
  ];
  return {
    /** Returns the entry's id. */
    async begin(entry: AuditInput): Promise<number> {
      const [row] = await sql.query<{ audit_id: number }>({ ...BEGIN_ENTRY, values: valuesOf(entry) });
      if (row === undefined) throw new Error('an audit entry was not written');
      return row.audit_id;
    },
    /** An entry that is complete: of a read. */
    async record(entry: AuditInput, outcome: 'done' | 'refused', after: unknown): Promise<void> {
      await sql.query({ ...RECORD_ENTRY, values: [...valuesOf(entry), outcome, json(after)] });
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
    list(filter: AuditFilter): Promise<AuditRow[]> {
      const values: unknown[] = [tenant, project];
      const prefix = filter.action?.endsWith('*') === true ? filter.action.slice(0, -1) : undefined;
      const conditions = [
        ['audit_id <', filter.before],
        ['actor_id =', filter.actorId],
        ['target =', filter.target],
        ['action =', prefix === undefined ? filter.action : undefined],
        ['action ^@', prefix],
        ['outcome =', filter.outcome],
        ['at >=', filter.since],
        ['at <', filter.until],
      ] as const;
      let text = LIST_ENTRIES;
      for (const [condition, value] of conditions) {
        if (value === undefined) continue;
        values.push(value);
        text += ` and ${condition} $${values.length}`;
      }
      values.push(filter.limit);
      return sql.query<AuditRow>({ text: `${text} order by audit_id desc limit $${values.length}`, values });
    },
    /** Removes what is older than it is kept, so many of each kind at most. Returns how many it were. */
    async sweep(nowMs: number, keep: AuditRetention, limit: number): Promise<number> {
      const sweepOne = async (keepMs: number, isRead: boolean): Promise<number> => {
        const values = [tenant, project, (nowMs - keepMs) / 1000, READ_ACTION, isRead, limit];
        return (await sql.query({ ...SWEEP_ENTRIES, values })).length;
      };
      return (await sweepOne(keep.changesMs, false)) + (await sweepOne(keep.readsMs, true));
    },
  };
}
