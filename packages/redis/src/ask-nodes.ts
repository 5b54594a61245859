import { Redis } from 'ioredis';
import { sleep } from '@switchyard/kernel';
import type { DriverOptions } from './driver-options.ts';
import type { NodeAddress } from './redis-url.ts';

/** A node that does not answer in this time is passed over. */
const ASK_LIMIT_MS = 2000;
/** After this long without an answer the next node is asked as well: one that hangs does not hold up a failover. */
const STAGGER_MS = 150;

/** Asks one node something over a connection of its own. Every step of it has a limit. */
export async function askNode<T>(
  node: NodeAddress,
  access: DriverOptions,
  question: (driver: Redis) => Promise<T>,
): Promise<T> {
  const driver = new Redis({
    ...access,
    ...node,
    connectionName: 'switchyard:ask',
    lazyConnect: true,
    enableReadyCheck: false,
    connectTimeout: ASK_LIMIT_MS,
    commandTimeout: ASK_LIMIT_MS,
    disconnectTimeout: 100,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  // Why it broke is what the question rejects with.
  driver.on('error', () => undefined);
  try {
    await driver.connect();
    return await question(driver);
  } finally {
    driver.disconnect();
  }
}

/** The first answer of any node; they are asked in turn, the next one also while an earlier one hangs. Rejects when none answers. */
export async function firstAnswer<T>(
  nodes: readonly NodeAddress[],
  ask: (node: NodeAddress) => Promise<T>,
): Promise<T> {
  const asked: Promise<T>[] = [];
  for (const node of nodes) {
    asked.push(ask(node));
    const early = Promise.any(asked).then(
      (value) => ({ value }),
      () => undefined,
    );
    const answer = await Promise.race([early, sleep(STAGGER_MS).then(() => undefined)]);
    if (answer !== undefined) return answer.value;
  }
  return Promise.any(asked);
}
