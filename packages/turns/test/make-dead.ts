import type { Ack } from '@switchyard/protocol';
import { expect } from 'vitest';
import type { AcceptRequest } from '../src/turn-types.ts';
import { echo } from './stage.ts';
import type { Stage } from './stage.ts';

const CYCLE = ['privileged', 'paid', 'registered', 'anonymous'];
let counter = 0;

/** Messages that were claimed too often and never started, as the reaper of a worker that comes afterwards gives them up. */
export async function makeDead(stage: Stage, requests: readonly Partial<AcceptRequest>[]): Promise<Ack[]> {
  const acks: Ack[] = [];
  for (const request of requests) acks.push((await stage.turns.accept(stage.request(request))).ack);
  counter += 1000;
  const args = { worker_id: 'gone.1', counter, lease_ms: 1, wanted: acks.length, position: 0, cycle: CYCLE };
  expect((await stage.scripts.claim(args)).tasks).toHaveLength(acks.length);
  for (const ack of acks) await stage.redis.driver.hset(stage.keys.task(ack.task_id), 'attempts', '99');
  await stage.startWorker(echo);
  for (const ack of acks) await expect.poll(() => stage.status(ack.turn_id)).toBe('dead');
  return acks;
}
