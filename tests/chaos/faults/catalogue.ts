import type { Fault } from './fault.ts';
import { freezeHost, killHost } from './host-faults.ts';
import { jumpClock, sendHugeBody } from './odd-faults.ts';
import { poisonTask } from './poison-fault.ts';
import { fillPostgresDisk, killPostgres, stopPostgres } from './postgres-faults.ts';
import {
  fillRedisDisk,
  flushRedis,
  freezeRedis,
  killRedisAlways,
  killRedisEverysec,
  killSubscribers,
} from './redis-faults.ts';
import { crawlingRoad, cutRoad, deadRoad, lateRoad, slowRoad } from './road-faults.ts';
import { freezeService, killService, restartService } from './service-faults.ts';

/** Everything that a run may break, and how many times each is in the deck that it is dealt from. */
export const CATALOGUE: readonly (readonly [fault: Fault, cards: number])[] = [
  [killService, 5],
  [freezeService, 4],
  [restartService, 2],
  [killHost, 2],
  [freezeHost, 2],
  [killRedisAlways, 1],
  [killRedisEverysec, 2],
  [flushRedis, 1],
  [freezeRedis, 1],
  [killSubscribers, 2],
  [fillRedisDisk, 1],
  [stopPostgres, 2],
  [killPostgres, 1],
  [fillPostgresDisk, 1],
  [slowRoad, 3],
  [deadRoad, 3],
  [lateRoad, 3],
  [crawlingRoad, 2],
  [cutRoad, 3],
  [jumpClock, 2],
  [sendHugeBody, 1],
  [poisonTask, 1],
];
