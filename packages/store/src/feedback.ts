import type { TenantProject } from '@switchyard/protocol';
import { cleanText } from './sql-values.ts';
import type { Sql } from './sql.ts';

export interface Feedback {
  reaction: 'ok' | 'not_ok' | 'neutral' | null;
  text?: string | null | undefined;
}

// Selecting from turn checks ownership and existence in the same statement.
const SET_FEEDBACK = {
  name: 'feedback.set',
  text: `insert into feedback (tenant, project, turn_id, user_id, reaction, text)
    select t.tenant, t.project, t.turn_id, t.user_id, $6, $7 from turn t
    where t.tenant = $1 and t.project = $2 and t.conversation_id = $3 and t.turn_id = $4 and t.user_id = $5
    on conflict (tenant, project, turn_id)
      do update set reaction = excluded.reaction, text = excluded.text, updated_at = now()
    returning turn_id`,
};
const CLEAR_FEEDBACK = {
  name: 'feedback.clear',
  text: `with own as (select turn_id from turn
        where tenant = $1 and project = $2 and conversation_id = $3 and turn_id = $4 and user_id = $5),
      cleared as (delete from feedback f using own where f.tenant = $1 and f.project = $2 and f.turn_id = own.turn_id returning 1)
    select turn_id from own`,
};

export type FeedbackStore = ReturnType<typeof createFeedback>;

export function createFeedback(sql: Sql, scope: TenantProject) {
  return {
    /** A null reaction takes it back. False: the turn is not there for this user. */
    async set(userId: string, conversationId: string, turnId: string, feedback: Feedback): Promise<boolean> {
      const where = [scope.tenant, scope.project, conversationId, turnId, userId];
      const { reaction, text } = feedback;
      const statement =
        reaction === null
          ? { ...CLEAR_FEEDBACK, values: where }
          : {
              ...SET_FEEDBACK,
              values: [...where, reaction, typeof text === 'string' ? cleanText(text) : null],
            };
      return (await sql.query(statement)).length > 0;
    },
  };
}
