import { decideJoin } from './decide-join.ts';
import type { Join } from './decide-join.ts';
import type { EventLog } from './event-log.ts';
import type { Follower } from './follower.ts';
import { compareLogIds, parseLogId, positionBefore } from './log-id.ts';
import { matchesStream } from './matches-stream.ts';
import type { StreamTarget } from './matches-stream.ts';
import type { SessionFeed } from './session-feed.ts';

export interface JoinRequest extends StreamTarget {
  sessionId: string;
  lastEventId?: string;
  replayTurn?: boolean;
  fromStart?: boolean;
}

/** Gathers what `decideJoin` has to know for one stream. The follower listens already. */
export function createJoin(log: EventLog, ttlMs: number) {
  /** Ids of the first events of running turns that this stream would see, oldest first. */
  async function startsOfRunningTurns(request: JoinRequest): Promise<string[]> {
    const { sessionId } = request;
    const starts = [...(await log.runningTurns(sessionId)).values()];
    const entries = await Promise.all(starts.map((logId) => log.readOne(sessionId, logId)));
    return entries
      .filter((entry) => entry !== undefined && matchesStream(entry, request))
      .flatMap((entry) => entry?.logId ?? [])
      .toSorted(compareLogIds);
  }

  return async (feed: SessionFeed, follower: Follower, request: JoinRequest): Promise<Join> => {
    const fresh: Join = { kind: 'fresh', from: follower.position };
    const { sessionId, lastEventId } = request;
    if (lastEventId !== undefined) {
      // Another process may have served this client later events than this one has heard of.
      if (compareLogIds(lastEventId, feed.position) > 0) await feed.heal();
      const view = await log.view(sessionId);
      // Its resync comes after what the feed has to say of the new epoch: one is enough.
      if (view.epoch !== parseLogId(feed.position)?.epoch) await feed.reread();
      return decideJoin(lastEventId, view, ttlMs);
    }
    if (request.fromStart === true) {
      const { first } = await log.view(sessionId);
      return first === undefined ? fresh : { kind: 'resume', from: positionBefore(first.logId) };
    }
    if (request.replayTurn !== true) return fresh;
    const [first] = await startsOfRunningTurns(request);
    if (first === undefined) return fresh;
    const view = await log.view(sessionId);
    // Who replays waits for a position that was read from the log; a feed that heard nothing for some seconds is behind it.
    if (compareLogIds(view.position, feed.position) > 0) await feed.heal();
    return decideJoin(positionBefore(first), view, ttlMs);
  };
}
