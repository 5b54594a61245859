/** The emitting side of peers that have none: a publication per token. */
import { Redis } from 'ioredis';
import { runEmitLoop, serveEmitOrders } from './emit-loop.ts';
import { tokenBody } from './token.ts';

const redis = new Redis(process.env['REDIS_URL'] ?? '');
serveEmitOrders(async (order) => {
  let last: Promise<unknown> = Promise.resolve();
  const sent = await runEmitLoop(order, (stream, index, dueMs) => {
    last = redis.publish('tokens', JSON.stringify(tokenBody(stream, index, dueMs)));
  });
  await last;
  return sent;
});
