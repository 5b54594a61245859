/**
 * The peer's front: POST /chat adds a BullMQ job, GET /stream is a node SSE fed by Redis pub/sub. It keeps nothing and checks
 * nobody. With ROWS=1 it writes the same durable rows that we write before the first delta: one at accept, one at start.
 */
import express from 'express';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import pg from 'pg';

const redisUrl = process.env['REDIS_URL'] ?? '';
const hasRows = process.env['ROWS'] === '1';
const pool = hasRows ? new pg.Pool({ connectionString: process.env['DATABASE_URL'], max: 8 }) : undefined;
const queue = new Queue(process.env['QUEUE'] ?? 'bench', {
  connection: new Redis(redisUrl, { maxRetriesPerRequest: null }),
  defaultJobOptions: { removeOnComplete: true, removeOnFail: true },
});
const subscriber = new Redis(redisUrl);
const streams = new Map<string, Set<express.Response>>();
subscriber.on('message', (channel: string, message: string) => {
  for (const response of streams.get(channel) ?? []) response.write(message);
});

const app = express();
app.use(express.json());
app.post('/chat', async (request, response) => {
  const { id, session, text } = request.body as { id: string; session: string; text: string };
  if (pool !== undefined)
    await pool.query('insert into bench_row (id, status, request) values ($1, $2, $3)', [
      id,
      'queued',
      JSON.stringify(request.body),
    ]);
  await queue.add('turn', { id, session, text });
  response.json({ id });
});
app.get('/stream', async (request, response) => {
  const channel = `${process.env['QUEUE'] ?? 'bench'}:${new URL(request.url, 'http://peer').searchParams.get('session') ?? ''}`;
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  let set = streams.get(channel);
  if (set === undefined) {
    streams.set(channel, (set = new Set()));
    await subscriber.subscribe(channel);
  }
  set.add(response);
  request.on('close', () => set.delete(response));
  response.write('event: ready\ndata: {}\n\n');
});
const server = app.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.send?.({ port: typeof address === 'object' && address !== null ? address.port : 0 });
});
process.on('disconnect', () => process.exit(0));
