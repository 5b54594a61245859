/**
 * Our emitting side: a worker whose turns emit, with lease, fence, started row, event log and kept answer, as chat-proc's do. One turn
 * per session; all begin to speak when all of them run.
 */
import { completed, openHeart } from '../queue/heart-rig.ts';
import type { RunningTurn } from '@switchyard/turns';
import { runEmitLoop, serveEmitOrders } from './emit-loop.ts';
import { tokenBody } from './token.ts';

const heart = await openHeart(
  { redisUrl: process.env['REDIS_URL'] ?? '', databaseUrl: process.env['DATABASE_URL'] ?? '' },
  process.env['PROJECT'] ?? '',
);

interface Speaking {
  readonly turn: RunningTurn;
  readonly end: () => void;
  last: Promise<void>;
}
const speaking = new Map<string, Speaking>();
let wanted = 0;
let allSpeak: () => void = () => undefined;

await heart.startWorker(
  {
    prepare: (task) =>
      Promise.resolve(async (turn) => {
        const over = Promise.withResolvers<void>();
        speaking.set(task.payload.session_id, { turn, end: over.resolve, last: Promise.resolve() });
        if (speaking.size === wanted) allSpeak();
        await over.promise;
        return completed('');
      }),
  },
  { slots: Number(process.env['SLOTS'] ?? 1000), lease: 30_000 },
);

serveEmitOrders(async (order) => {
  speaking.clear();
  wanted = order.streams.length;
  const all = new Promise<void>((resolve) => void (allSpeak = resolve));
  await Promise.all(
    order.streams.map((sessionId, index) => {
      const { identity, ...request } = heart.request(index);
      // A stream id of nobody's: all streams of the session get it.
      return heart.turns.accept({
        ...request,
        identity: { ...identity, userId: `u-${sessionId}`, sessionId },
        streamId: '',
      });
    }),
  );
  await all;
  const sent = await runEmitLoop(order, (sessionId, index, dueMs) => {
    const entry = speaking.get(sessionId);
    if (entry === undefined) return;
    const data = tokenBody(sessionId, index, dueMs);
    entry.last = entry.turn.emit({ event: 'chat_delta', data, answerAdds: data.text ?? '' });
  });
  await Promise.all(
    [...speaking.values()].map(async ({ last, end }) => {
      await last;
      end();
    }),
  );
  return sent;
});
