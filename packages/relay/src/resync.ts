import type { EventLog } from './event-log.ts';
import type { StreamTarget } from './matches-stream.ts';

export interface Resync {
  /** JSON of the `resync` frame: the client re-reads the conversation, and shows these answers as far as they are. */
  data: string;
  /** Per running turn the id up to which its answer deltas are in the frame. */
  covered: Map<string, string>;
}

/** Gathers every running turn of the session with its answer so far (03, Resume). */
export async function createResync(log: EventLog, sessionId: string, target: StreamTarget): Promise<Resync> {
  const running = await log.runningTurns(sessionId);
  const turnIds = [...running.keys()].filter(
    (turnId) => target.turnId === undefined || turnId === target.turnId,
  );
  const snapshots = await log.snapshots(turnIds);
  const covered = new Map<string, string>();
  const turns = turnIds.map((turnId, index) => {
    const snapshot = snapshots[index];
    const logId = snapshot?.logId ?? running.get(turnId) ?? '0-0';
    covered.set(turnId, logId);
    return { turn_id: turnId, answer_so_far: snapshot?.answerSoFar ?? '', log_id: logId };
  });
  return { data: JSON.stringify({ turns }), covered };
}
