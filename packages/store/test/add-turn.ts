import type { Sql } from '../src/sql.ts';

export const SCOPE = { tenant: 'demo', project: 'main' };

export interface TurnFields {
  turnId: string;
  conversationId?: string;
  userId?: string;
  kind?: string;
  status?: string;
  text?: string;
  answerText?: string | null;
  answer?: unknown;
  error?: unknown;
  foldedInto?: string | null;
  request?: unknown;
}

/** A turn row as the owner of that table would have left it. */
export async function addTurn(sql: Sql, fields: TurnFields): Promise<void> {
  const turn = {
    conversationId: 'c1',
    userId: 'ann',
    kind: 'message',
    status: 'completed',
    text: '',
    ...fields,
  };
  await sql.query({
    text: `insert into turn (tenant, project, turn_id, task_id, conversation_id, user_id, session_id, user_type, bundle_id,
        message_id, kind, status, fence, folded_into, request, text, answer, answer_text, error, ended_at)
      values ('demo', 'main', $1, 'task-' || $1, $2, $3, 's1', 'registered', 'hello', 'm-' || $1, $4, $5, 'w:1', $6, $7::jsonb,
        $8, $9::jsonb, $10, $11::jsonb, case when $5 in ('queued', 'running') then null else now() end)`,
    values: [
      turn.turnId,
      turn.conversationId,
      turn.userId,
      turn.kind,
      turn.status,
      turn.foldedInto ?? null,
      JSON.stringify(turn.request ?? {}),
      turn.text,
      turn.answer === undefined ? null : JSON.stringify(turn.answer),
      turn.answerText ?? null,
      turn.error === undefined ? null : JSON.stringify(turn.error),
    ],
  });
}
