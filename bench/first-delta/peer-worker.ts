/** The peer's worker: a BullMQ worker of 16 slots that publishes ten deltas as ready-made SSE frames. */
import { Worker } from 'bullmq';
import { Redis } from 'ioredis';
import pg from 'pg';
import { DELTAS } from './words.ts';

const redisUrl = process.env['REDIS_URL'] ?? '';
const pool =
  process.env['ROWS'] === '1'
    ? new pg.Pool({ connectionString: process.env['DATABASE_URL'], max: 8 })
    : undefined;
const publisher = new Redis(redisUrl);
const worker = new Worker<{ id: string; session: string; text: string }>(
  process.env['QUEUE'] ?? 'bench',
  async ({ data }) => {
    if (pool !== undefined)
      await pool.query('update bench_row set status = $2 where id = $1 and status = $3', [
        data.id,
        'running',
        'queued',
      ]);
    for (const [index, text] of DELTAS.entries()) {
      const body = JSON.stringify({
        type: 'chat.delta',
        conversation: { conversation_id: data.id },
        delta: { text, index, marker: 'answer' },
      });
      await publisher.publish(
        `${process.env['QUEUE'] ?? 'bench'}:${data.session}`,
        `event: chat_delta\ndata: ${body}\n\n`,
      );
    }
    const done = JSON.stringify({ type: 'chat.complete', conversation: { conversation_id: data.id } });
    await publisher.publish(
      `${process.env['QUEUE'] ?? 'bench'}:${data.session}`,
      `event: chat_complete\ndata: ${done}\n\n`,
    );
  },
  { connection: new Redis(redisUrl, { maxRetriesPerRequest: null }), concurrency: 16 },
);
await worker.waitUntilReady();
process.send?.({ ready: true });
process.on('disconnect', () => process.exit(0));
