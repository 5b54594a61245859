import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startWarden } from '@switchyard/devstack';
import type { Warden } from '@switchyard/devstack';
import { startGroupNode } from './group-node.ts';
import type { GroupNode } from './group-node.ts';
import { isInOrder, startRedisCluster } from './redis-cluster.ts';
import { waitUntil } from './wait-until.ts';

/** Servers of which one can take over from another. */
export interface RedisGroup {
  readonly kind: 'cluster' | 'sentinel';
  readonly url: string;
  /** The servers with data. */
  readonly nodes: readonly GroupNode[];
  /** Who takes the writes of a key now, as the group itself says. */
  masterOf(key: string): Promise<GroupNode>;
  /** An orderly failover: the master of a key becomes a replica. Resolves when another one is the master. */
  promote(key: string): Promise<GroupNode>;
  /** Resolves when another server than this one is the master of a key. */
  successor(key: string, former: GroupNode): Promise<GroupNode>;
  /** A master that takes other keys: where a slot may move. Only in a cluster. */
  otherMaster(key: string): Promise<GroupNode>;
  /** Starts what is down and waits until every master has a replica that could take over. */
  heal(): Promise<void>;
}

export interface StartedGroup {
  readonly group: RedisGroup;
  stop(): Promise<void>;
}

const MASTER = 'main';
const DOWN_AFTER_MS = 1000;
/** A node that was asked to take over gives up after five seconds, and says so only in its own log. */
const FAILOVER_LIMIT_MS = 6000;

/** Three masters, each with a replica; or a master with two replicas and three sentinels. */
export const startRedisGroup = async (kind: RedisGroup['kind']): Promise<StartedGroup> => {
  const dir = await mkdtemp(join(tmpdir(), `switchyard-${kind}-`));
  const warden = startWarden();
  const { group, all } = await (kind === 'cluster' ? openCluster(dir, warden) : openSentinel(dir, warden));
  await group.heal();
  return {
    group,
    stop: async () => {
      for (const node of all) node.resume();
      await Promise.all(all.map((node) => node.kill()));
      await warden.release();
      await rm(dir, { recursive: true, force: true });
    },
  };
};

interface Opened {
  group: RedisGroup;
  all: readonly GroupNode[];
}

const openCluster = async (dir: string, warden: Warden): Promise<Opened> => {
  const { url, nodes } = await startRedisCluster({ dir, warden, masters: 3, hasReplicas: true });
  const alive = () => nodes.filter((node) => node.isAlive());
  const masterOf = async (key: string, except?: GroupNode): Promise<GroupNode> => {
    for (const node of alive()) {
      if (node === except) continue;
      const hasIt = (await isInOrder(node)) && (await ownerPort(node, key)) === node.port;
      if (hasIt) return node;
    }
    throw new Error(`no node takes ${key}`);
  };
  const successor = (key: string, former: GroupNode) => settled(() => masterOf(key, former));
  const group: RedisGroup = {
    kind: 'cluster',
    url,
    nodes,
    masterOf: (key) => settled(() => masterOf(key)),
    successor,
    otherMaster: async (key) => {
      const [owner, roles] = [await masterOf(key), await Promise.all(nodes.map((node) => node.info('role')))];
      const other = nodes.find((node, index) => roles[index] === 'master' && node !== owner);
      if (other === undefined) throw new Error('there is only one master');
      return other;
    },
    promote: async (key) => {
      const former = await masterOf(key);
      const id = await former.command('CLUSTER', 'MYID');
      const replica = await settled(async () => {
        for (const node of alive()) {
          const line = (await node.command('CLUSTER', 'NODES')).split('\n').find((each) => isMyself(each));
          if (line?.includes(id) === true && node !== former) return node;
        }
        throw new Error('no replica');
      });
      // As an operator would: one that did not come about in its time is asked for again.
      let askedAt = Number.NEGATIVE_INFINITY;
      return settled(async () => {
        if (performance.now() - askedAt > FAILOVER_LIMIT_MS) {
          askedAt = performance.now();
          await replica.command('CLUSTER', 'FAILOVER');
        }
        return masterOf(key, former);
      });
    },
    heal: async () => {
      await Promise.all(nodes.map((node) => node.start()));
      await waitUntil('the cluster is whole again', async () => {
        const [states, roles] = await Promise.all([
          Promise.all(nodes.map(isInOrder)),
          Promise.all(nodes.map((node) => node.info('role'))),
        ]);
        return states.every(Boolean) && roles.filter((role) => role === 'master').length === 3;
      });
    },
  };
  return { group, all: nodes };
};

const isMyself = (line: string): boolean => line.includes('myself,');

/** The port of the node that has the key's slot, as one node sees it. */
const ownerPort = async (node: GroupNode, key: string): Promise<number> => {
  const slot = Number((await node.command('CLUSTER', 'KEYSLOT', key)).slice(1));
  for (const line of (await node.command('CLUSTER', 'NODES')).trim().split('\n')) {
    const [, address = '', flags = '', ...rest] = line.split(' ');
    if (!flags.includes('master') || flags.includes('fail')) continue;
    const isOwner = rest.slice(5).some((range) => {
      const [from = '', to = from] = range.split('-');
      return Number(from) <= slot && slot <= Number(to);
    });
    if (isOwner) return Number(/:(\d+)@/.exec(address)?.[1]);
  }
  return 0;
};

const openSentinel = async (dir: string, warden: Warden): Promise<Opened> => {
  const settings = ['repl-diskless-sync-delay 0'];
  const first = await startGroupNode({ dir: join(dir, '0'), warden, settings });
  const replicas = await Promise.all(
    [1, 2].map((index) =>
      startGroupNode({
        dir: join(dir, String(index)),
        warden,
        settings: [...settings, `replicaof 127.0.0.1 ${first.port}`],
      }),
    ),
  );
  const nodes = [first, ...replicas];
  const watching = [
    `sentinel monitor ${MASTER} 127.0.0.1 ${first.port} 2`,
    `sentinel down-after-milliseconds ${MASTER} ${DOWN_AFTER_MS}`,
    `sentinel failover-timeout ${MASTER} 6000`,
    `sentinel parallel-syncs ${MASTER} 2`,
  ];
  const sentinels = await Promise.all(
    [0, 1, 2].map((index) =>
      startGroupNode({ dir: join(dir, `sentinel-${index}`), warden, settings: watching, isSentinel: true }),
    ),
  );
  // Else what one server says of itself is ten seconds old when somebody must decide.
  for (const sentinel of sentinels)
    await sentinel.command('SENTINEL', 'DEBUG', 'info-period', '300', 'publish-period', '300');
  /** `master0:name=main,status=ok,address=127.0.0.1:7000,slaves=2,sentinels=3`. */
  const views = async () =>
    Promise.all(
      sentinels.map(async (sentinel) => {
        const line = await sentinel.info('master0');
        const of = (name: string) => new RegExp(`${name}=([^,]*)`).exec(line)?.[1] ?? '';
        return {
          status: of('status'),
          address: of('address'),
          sentinels: Number(of('sentinels')),
          slaves: of('slaves'),
        };
      }),
    );
  const masterOf = async (except?: GroupNode): Promise<GroupNode> => {
    const seen = await views();
    const address = seen[0]?.address;
    const node = nodes.find(({ host, port }) => `${host}:${port}` === address);
    const isAgreed = seen.every((view) => view.address === address);
    if (node === undefined || node === except || !isAgreed || (await node.info('role')) !== 'master')
      throw new Error('the sentinels do not agree on a master');
    return node;
  };
  const successor = (_key: string, former: GroupNode) => settled(() => masterOf(former));
  const group: RedisGroup = {
    kind: 'sentinel',
    url: `redis+sentinel://${sentinels.map(({ host, port }) => `${host}:${port}`).join(',')}/${MASTER}`,
    nodes,
    masterOf: () => settled(() => masterOf()),
    successor,
    otherMaster: () => Promise.reject(new Error('there is only one master')),
    promote: async (key) => {
      const former = await settled(() => masterOf());
      await settled(async () => sentinels[0]?.command('SENTINEL', 'FAILOVER', MASTER));
      return successor(key, former);
    },
    heal: async () => {
      const master = await settled(() => masterOf());
      // As an operator would: what comes back is a replica from its first moment. Sentinel itself would take ten seconds to say so.
      for (const node of nodes.filter((each) => !each.isAlive()))
        await node.start([`replicaof ${master.host} ${master.port}`]);
      await waitUntil('every replica follows the master', async () => {
        const states = await Promise.all(
          nodes.map(async (node) => {
            if (node === master) return true;
            const port = await node.info('master_port');
            return port === String(master.port) && (await node.info('master_link_status')) === 'up';
          }),
        );
        const seen = await views();
        return (
          states.every(Boolean) &&
          seen.every((view) => view.status === 'ok' && view.sentinels === 3 && view.slaves === '2')
        );
      });
    },
  };
  return { group, all: [...nodes, ...sentinels] };
};

/** Asks until there is an answer. */
const settled = async <T>(ask: () => Promise<T>): Promise<T> => {
  const found: T[] = [];
  await waitUntil('the group says who is the master', async () => {
    found.push(await ask());
    return true;
  });
  const [answer] = found;
  if (answer === undefined) throw new Error('no answer');
  return answer;
};
