import type { Redis } from 'ioredis';
import { askNode, firstAnswer } from './ask-nodes.ts';
import type { DriverOptions } from './driver-options.ts';
import type { MasterFinder } from './master-finder.ts';
import { nameOfNode } from './redis-url.ts';
import type { NodeAddress, RedisAddress } from './redis-url.ts';

interface SentinelView {
  readonly master: NodeAddress;
  /** Grows with every failover: of two sentinels that disagree the one with the higher number is right. */
  readonly epoch: number;
  readonly sentinels: NodeAddress[];
}

class StaleViewError extends Error {
  readonly view: SentinelView;
  constructor(view: SentinelView) {
    super('this sentinel has not heard of the last failover');
    this.view = view;
  }
}

/** Asks the sentinels where the master is. Further sentinels are learned from the answers. */
export function createSentinelFinder(address: RedisAddress & { kind: 'sentinel' }): MasterFinder {
  const { sentinelUsername: username, sentinelPassword: password, isTls, master } = address;
  const access: DriverOptions = {
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(isTls ? { tls: {} } : {}),
  };
  let known: NodeAddress[] = [...address.nodes];
  let lastEpoch = 0;

  const ask = async (sentinel: NodeAddress): Promise<SentinelView> => {
    const view = await askNode(sentinel, access, (driver) => viewOf(driver, sentinel, master));
    if (view.epoch < lastEpoch) throw new StaleViewError(view);
    return view;
  };

  const look = async (): Promise<SentinelView> => {
    const [first, ...others] = known;
    if (first !== undefined) known = [...others, first];
    const view = await firstAnswer(known, ask).catch(latestOfStale);
    lastEpoch = view.epoch;
    known = unique([...view.sentinels, ...address.nodes]);
    return view;
  };

  return {
    find: async () => (await look()).master,
    candidates: async () => {
      const view = await look();
      const replicas = await firstAnswer(known, (sentinel) =>
        askNode(sentinel, access, async (driver) =>
          toAddresses(await driver.call('SENTINEL', 'REPLICAS', master)),
        ),
      );
      return unique([view.master, ...replicas]);
    },
    canMove: true,
  };
}

async function viewOf(driver: Redis, sentinel: NodeAddress, name: string): Promise<SentinelView> {
  const [found, details, others] = await Promise.all([
    driver.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name),
    driver.call('SENTINEL', 'MASTER', name).catch(() => undefined),
    driver.call('SENTINEL', 'SENTINELS', name).catch(() => []),
  ]);
  if (!Array.isArray(found))
    throw new Error(`sentinel ${nameOfNode(sentinel)} knows no master named ${name}`);
  return {
    master: { host: String(found[0]), port: Number(found[1]) },
    epoch: Number(fieldOf(details, 'config-epoch') ?? 0),
    sentinels: [sentinel, ...toAddresses(others)],
  };
}

/** All of them are behind: the sentinels themselves were set up anew. */
function latestOfStale(error: unknown): SentinelView {
  const errors: unknown[] = error instanceof AggregateError ? error.errors : [];
  const [latest] = errors
    .flatMap((each) => (each instanceof StaleViewError ? [each.view] : []))
    .toSorted((a, b) => b.epoch - a.epoch);
  if (latest === undefined) throw error;
  return latest;
}

function toAddresses(reply: unknown): NodeAddress[] {
  if (!Array.isArray(reply)) return [];
  return reply.flatMap((entry: unknown) => {
    const [host, port] = [fieldOf(entry, 'ip'), Number(fieldOf(entry, 'port'))];
    return host === undefined || host === '' || !(port > 0) ? [] : [{ host, port }];
  });
}

function fieldOf(reply: unknown, name: string): string | undefined {
  if (!Array.isArray(reply)) return undefined;
  const at = reply.indexOf(name);
  return at < 0 ? undefined : String(reply[at + 1]);
}

function unique(nodes: readonly NodeAddress[]): NodeAddress[] {
  return [...new Map(nodes.map((node) => [nameOfNode(node), node])).values()];
}
