/** A running turn's answer as far as it has been written. */
export interface RunningTurn {
  turnId: string;
  /** Empty when the turn's first event is gone from the log. */
  conversationId: string;
  answerSoFar: string;
  /** The entry that wrote of it last; its first event when there is no answer yet. */
  logId: string;
}

/** The running turns of a session as of one moment. */
export interface RunningNow {
  /** The log's newest id at that moment; empty for an empty log. */
  newest: string;
  turns: RunningTurn[];
}

const FIELDS = 4;

/** Reads what `read-running` gives: turn id, id of its first event, conversation, snapshot, and again. */
export function readRunningTurns(fields: readonly string[]): RunningTurn[] {
  const turns: RunningTurn[] = [];
  for (let at = 0; at + FIELDS <= fields.length; at += FIELDS) {
    const [turnId = '', startId = '', conversationId = '', snapshot = ''] = fields.slice(at, at + FIELDS);
    turns.push({ turnId, conversationId, ...readSnapshot(snapshot, startId) });
  }
  return turns;
}

/** `P:chat:snapshot:<turn_id>`: the log id of the last answer delta, a line end, and the text. */
function readSnapshot(value: string, startId: string): Pick<RunningTurn, 'answerSoFar' | 'logId'> {
  const at = value.indexOf('\n');
  return at < 0
    ? { answerSoFar: value, logId: startId }
    : { logId: value.slice(0, at), answerSoFar: value.slice(at + 1) };
}
