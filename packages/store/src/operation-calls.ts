import type { TenantProject } from '@switchyard/protocol';
import { cleanText, json } from './sql-values.ts';
import type { Sql } from './sql.ts';

/** One call as its caller names it. */
export interface CallName {
  userId: string;
  bundleId: string;
  operation: string;
  /** `Idempotency-Key`. */
  key: string;
}

/** What became of an attempt to make a call. */
export type CallClaim =
  /** It is this one's to make; `token` proves it at the end. */
  | { kind: 'claimed'; token: string }
  /** It was made: the answer that it had. */
  | { kind: 'answered'; answer: unknown }
  /** Somebody makes it now. */
  | { kind: 'running' }
  /** It was made, and its answer is not kept: `reason` says why. */
  | { kind: 'done'; reason: string; startedAt: Date }
  /** It was begun, and whether it did what it should nobody knows: `reason` says how it ended, as far as that is known. */
  | { kind: 'unknown'; reason: string; startedAt: Date }
  /** The key was used for another request. */
  | { kind: 'differs' };

const CALL =
  'tenant = $1 and project = $2 and user_id = $3 and bundle_id = $4 and operation = $5 and call_key = $6';

// nobody's -> this token's. One statement: two callers with one key cannot both have it. A call that was begun is never taken over, however
// its worker ended: it may have done its work.
const CLAIM = {
  name: 'operationCall.claim',
  text: `insert into operation_call as c (tenant, project, user_id, bundle_id, operation, call_key, request_sha256, token,
      held_until, expires_at)
    values ($1, $2, $3, $4, $5, $6, $7, $8, now() + $9 * interval '1 ms', now() + $10 * interval '1 ms')
    on conflict (tenant, project, user_id, bundle_id, operation, call_key) do update
      set request_sha256 = excluded.request_sha256, token = excluded.token, held_until = excluded.held_until,
        expires_at = excluded.expires_at, answer = null, outcome = null, reason = null, started_at = now()
      where c.expires_at < now()
    returning token`,
};
const FIND = {
  name: 'operationCall.find',
  text: `select request_sha256, answer, outcome, reason, started_at, held_until < now() as is_lost from operation_call where ${CALL}`,
};
// held by this token -> answered, once.
const ANSWER = {
  name: 'operationCall.answer',
  text: `update operation_call set answer = $8::jsonb, token = null where ${CALL} and token = $7`,
};
// held by this token -> ended without an answer to give again, once.
const END = {
  name: 'operationCall.end',
  text: `update operation_call set outcome = $8, reason = $9, token = null where ${CALL} and token = $7`,
};
const FORGET = {
  name: 'operationCall.forget',
  text: `delete from operation_call where ${CALL} and token = $7`,
};
const SWEEP = {
  name: 'operationCall.sweep',
  text: `delete from operation_call where (tenant, project, user_id, bundle_id, operation, call_key) in
    (select tenant, project, user_id, bundle_id, operation, call_key from operation_call where expires_at < now() limit $1)`,
};

interface CallRow {
  request_sha256: string;
  answer: unknown;
  outcome: 'done' | 'unknown' | null;
  reason: string | null;
  started_at: Date;
  is_lost: boolean;
}

function toClaim({ answer, outcome, reason, started_at: startedAt, is_lost: isLost }: CallRow): CallClaim {
  if (answer !== null) return { kind: 'answered', answer };
  if (outcome !== null) return { kind: outcome, reason: reason ?? '', startedAt };
  return isLost ? { kind: 'unknown', reason: 'worker_lost', startedAt } : { kind: 'running' };
}

export type OperationCalls = ReturnType<typeof createOperationCalls>;

/** Calls of operations that may be repeated by their callers and are made once. */
export function createOperationCalls(sql: Sql, { tenant, project }: TenantProject) {
  const at = ({ userId, bundleId, operation, key }: CallName, ...more: unknown[]) => [
    tenant,
    project,
    userId,
    bundleId,
    operation,
    key,
    ...more,
  ];
  return {
    /** `holdMs`: after it, a call without an end is `unknown`. `keepMs`: how long the key means this call. */
    async claim(
      call: CallName,
      { sha256, token, holdMs, keepMs }: { sha256: string; token: string; holdMs: number; keepMs: number },
    ): Promise<CallClaim> {
      const taken = await sql.query({ ...CLAIM, values: at(call, sha256, token, holdMs, keepMs) });
      if (taken.length > 0) return { kind: 'claimed', token };
      const [row] = await sql.query<CallRow>({ ...FIND, values: at(call) });
      // Gone in between: nothing came of it a moment ago, and the caller may try again.
      if (row === undefined) return { kind: 'running' };
      return row.request_sha256 === sha256 ? toClaim(row) : { kind: 'differs' };
    },
    async answer(call: CallName, token: string, answer: unknown): Promise<void> {
      await sql.query({ ...ANSWER, values: at(call, token, json(answer)) });
    },
    /** It ended, and there is no answer to give again. */
    async end(call: CallName, token: string, outcome: 'done' | 'unknown', reason: string): Promise<void> {
      await sql.query({ ...END, values: at(call, token, outcome, cleanText(reason)) });
    },
    /** Nothing of it was begun: the key is free again. */
    async forget(call: CallName, token: string): Promise<void> {
      await sql.query({ ...FORGET, values: at(call, token) });
    },
    /** Removes what nobody can ask for any more, at most so many. */
    async sweep(limit: number): Promise<void> {
      await sql.query({ ...SWEEP, values: [limit] });
    },
  };
}
