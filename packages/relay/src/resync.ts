import type { EventLog } from './event-log.ts';
import { compareLogIds } from './log-id.ts';
import type { StreamTarget } from './matches-stream.ts';

export interface Resync {
  /** JSON of the `resync` frame: the client shows these answers as far as they are, and reads the conversation again. */
  data: string;
  /** What its reader has from now on: everything up to here is in the answers, or in what it reads again. */
  position: string;
}

/**
 * Gathers the running turns of the session with their answers so far, as of one moment at or after `position` (03, Resume).
 * A stream that is narrowed to one conversation or turn gets its own; a turn whose first event is gone is told to everybody.
 */
export async function createResync(
  log: Pick<EventLog, 'running'>,
  sessionId: string,
  target: StreamTarget,
  position: string,
): Promise<Resync> {
  // While the data belongs to another Redis there is nothing to tell; the new epoch brings another resync.
  const { newest, turns } = (await log.running(sessionId)) ?? { newest: '', turns: [] };
  const wanted = turns.filter(
    ({ turnId, conversationId }) =>
      (target.turnId ?? turnId) === turnId &&
      (conversationId === '' || (target.conversationId ?? conversationId) === conversationId),
  );
  const told = wanted.map(({ turnId, conversationId, answerSoFar, logId }) => ({
    turn_id: turnId,
    ...(conversationId === '' ? {} : { conversation_id: conversationId }),
    answer_so_far: answerSoFar,
    log_id: logId,
  }));
  return {
    data: JSON.stringify({ turns: told }),
    // Of a turn that was silent for longer than the log lives there is more in its answer than in the log.
    position: [position, newest, ...turns.map(({ logId }) => logId)].reduce((a, b) =>
      compareLogIds(b, a) > 0 ? b : a,
    ),
  };
}
