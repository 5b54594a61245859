import { createAdapter as createPubSubAdapter } from '@socket.io/redis-adapter';
import { createAdapter as createStreamsAdapter } from '@socket.io/redis-streams-adapter';
import { Redis } from 'ioredis';
import type { Server } from 'socket.io';

/** `ADAPTER`: `streams`, `pubsub`, or `none` for the adapter in memory. As the adapters' documentation shows them. */
export function useAdapter(io: Server): void {
  const redisUrl = process.env['REDIS_URL'] ?? '';
  const kind = process.env['ADAPTER'];
  if (kind === 'streams') io.adapter(createStreamsAdapter(new Redis(redisUrl)));
  if (kind === 'pubsub') io.adapter(createPubSubAdapter(new Redis(redisUrl), new Redis(redisUrl)));
}
