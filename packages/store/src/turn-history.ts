import type { ConversationTurn, HistoryTurn, TenantProject, TurnStatus } from '@switchyard/protocol';
import type { Sql } from './sql.ts';
import { isoText } from './iso-text.ts';
import { buildArtifacts } from './turn-artifacts.ts';
import type { TurnContent } from './turn-artifacts.ts';

interface TurnRow extends TurnContent {
  status: TurnStatus;
  started_at: string | null;
  folded_into: string | null;
  reaction: string | null;
  feedback_text: string | null;
}

export interface HistoryBounds {
  /** Exchanges at most. */
  maxTurns: number;
  /** Characters of both sides together; the oldest exchanges are left out first. */
  maxCharacters: number;
}

// A steer without text is a stop button, not something that was said.
const LIST_TURNS = {
  name: 'turn.listOfConversation',
  text: `select t.turn_id, t.conversation_id, t.user_id, t.kind, t.status, t.text, t.folded_into,
      ${isoText('t.created_at')} as created_at, ${isoText('t.started_at')} as started_at, ${isoText('t.ended_at')} as ended_at,
      t.request->'attachments' as attachments, t.request->'events' as events, t.answer, t.answer_text, t.error,
      f.reaction, f.text as feedback_text
    from turn t left join feedback f using (tenant, project, turn_id)
    where t.tenant = $1 and t.project = $2 and t.conversation_id = $3 and t.user_id = $4
      and not (t.kind = 'steer' and t.text = '') and ($5::text[] is null or t.turn_id = any($5))
    order by t.seq`,
};

// Messages that were folded into a turn were answered by it, so they belong to its question.
const RECENT_EXCHANGES = {
  name: 'turn.recentExchanges',
  text: `select t.turn_id, ${isoText('t.created_at')} as created_at,
      concat_ws(E'\\n\\n', nullif(t.text, ''), (select string_agg(f.text, E'\\n\\n' order by f.seq) from turn f
        where f.tenant = t.tenant and f.project = t.project and f.conversation_id = t.conversation_id
          and f.status = 'folded' and f.folded_into = t.turn_id and f.text <> '')) as user,
      coalesce(t.answer_text, t.answer->>'final_answer', '') as assistant
    from turn t
    where t.tenant = $1 and t.project = $2 and t.conversation_id = $3 and t.kind = 'message' and t.status = 'completed'
      and t.seq < coalesce((select seq from turn where tenant = $1 and project = $2 and turn_id = $4), 9223372036854775807)
    order by t.seq desc limit $5`,
};

const COUNT_TURNS = {
  name: 'turn.countOfConversation',
  text: `select count(*) as turns from turn where tenant = $1 and project = $2 and conversation_id = $3 and kind = 'message'`,
};

/** Reads turns as history; nothing here changes one (`packages/turns` owns every write). */
export type TurnHistory = ReturnType<typeof createTurnHistory>;

export function createTurnHistory(sql: Sql, scope: TenantProject) {
  const { tenant, project } = scope;
  return {
    /** The turns of an own conversation, oldest first. `materialize: false` gives artifacts without their data. */
    async listTurns(
      userId: string,
      conversationId: string,
      options: { turnIds?: readonly string[] | undefined; materialize: boolean },
    ): Promise<ConversationTurn[]> {
      const values = [tenant, project, conversationId, userId, options.turnIds ?? null];
      const rows = await sql.query<TurnRow>({ ...LIST_TURNS, values });
      return rows.map((row) => toTurn(row, options.materialize));
    },
    /** Completed exchanges before a turn, newest last, within bounds. An unknown turn id means "all there are". */
    async recentExchanges(
      conversationId: string,
      beforeTurnId: string,
      bounds: HistoryBounds,
    ): Promise<HistoryTurn[]> {
      const values = [tenant, project, conversationId, beforeTurnId, bounds.maxTurns];
      return boundHistory(
        await sql.query<HistoryTurn>({ ...RECENT_EXCHANGES, values }),
        bounds.maxCharacters,
      );
    },
    async countMessages(conversationId: string): Promise<number> {
      const rows = await sql.query<{ turns: number }>({
        ...COUNT_TURNS,
        values: [tenant, project, conversationId],
      });
      return rows[0]?.turns ?? 0;
    },
  };
}

/** Takes newest first, returns newest last; stops before the exchange that would not fit as a whole. */
export function boundHistory(newestFirst: readonly HistoryTurn[], maxCharacters: number): HistoryTurn[] {
  const kept: HistoryTurn[] = [];
  let characters = 0;
  for (const turn of newestFirst) {
    characters += turn.user.length + turn.assistant.length;
    if (characters > maxCharacters) break;
    kept.unshift(turn);
  }
  return kept;
}

function toTurn(row: TurnRow, materialize: boolean): ConversationTurn {
  const { turn_id, status, created_at, started_at, ended_at, folded_into } = row;
  const feedback = row.reaction === null ? null : { reaction: row.reaction, text: row.feedback_text };
  return {
    turn_id,
    status,
    created_at,
    started_at,
    ended_at,
    folded_into,
    feedback,
    artifacts: buildArtifacts(row, materialize),
  };
}
