import { join } from 'node:path';
import { freePort } from '@switchyard/devstack';
import type { Warden } from '@switchyard/devstack';
import { startGroupNode } from './group-node.ts';
import type { GroupNode } from './group-node.ts';
import { waitUntil } from './wait-until.ts';

export interface RedisCluster {
  /** `redis+cluster://127.0.0.1:7000,127.0.0.1:7001,127.0.0.1:7002`. */
  readonly url: string;
  readonly nodes: readonly GroupNode[];
}

export interface RedisClusterOptions {
  readonly dir: string;
  readonly warden: Warden;
  readonly masters: number;
  /** One for each master. */
  readonly hasReplicas?: boolean;
}

const SLOTS = 16_384;
/** After this long without an answer a node is taken for gone, and its replica promoted. */
const NODE_TIMEOUT_MS = 1500;

/** A cluster of real servers on loopback, ready for writes. */
export const startRedisCluster = async (options: RedisClusterOptions): Promise<RedisCluster> => {
  const { masters } = options;
  const count = options.hasReplicas === true ? 2 * masters : masters;
  const busPorts = new Map<GroupNode, number>();
  const nodes = await Promise.all(
    Array.from({ length: count }, async (_each, index) => {
      const busPort = await freePort();
      const settings = clusterSettings(busPort);
      const node = await startGroupNode({
        dir: join(options.dir, String(index)),
        warden: options.warden,
        settings,
      });
      busPorts.set(node, busPort);
      return node;
    }),
  );
  await Promise.all(
    nodes.map(async (node, index) => {
      await node.command('CLUSTER', 'SET-CONFIG-EPOCH', String(index + 1));
      if (index >= masters) return;
      const [from, to] = [slotAt(index, masters), slotAt(index + 1, masters) - 1];
      await node.command('CLUSTER', 'ADDSLOTSRANGE', String(from), String(to));
    }),
  );
  const [first, ...others] = nodes;
  for (const { host, port } of others) {
    const busPort = [...busPorts].find(([node]) => node.port === port)?.[1];
    await first?.command('CLUSTER', 'MEET', host, String(port), String(busPort));
  }
  await waitUntil('all nodes know each other', () => all(nodes, (node) => knows(node, count)));
  await Promise.all(
    nodes.slice(masters).map(async (node, index) => {
      const master = nodes[index];
      if (master === undefined) return;
      const id = await master.command('CLUSTER', 'MYID');
      await waitUntil('the master is known', async () =>
        (await node.command('CLUSTER', 'REPLICATE', id)).includes('OK'),
      );
    }),
  );
  await waitUntil('the cluster takes writes', () => all(nodes, isInOrder));
  return { nodes, url: `redis+cluster://${nodes.map(({ host, port }) => `${host}:${port}`).join(',')}` };
};

const clusterSettings = (busPort: number): string[] => [
  'cluster-enabled yes',
  'cluster-config-file nodes.conf',
  `cluster-port ${busPort}`,
  `cluster-node-timeout ${NODE_TIMEOUT_MS}`,
  'cluster-replica-validity-factor 0',
  'repl-diskless-sync-delay 0',
];

const slotAt = (index: number, masters: number): number => Math.round((index * SLOTS) / masters);

const all = async (
  nodes: readonly GroupNode[],
  ask: (node: GroupNode) => Promise<boolean>,
): Promise<boolean> => (await Promise.all(nodes.map(ask))).every(Boolean);

const knows = async (node: GroupNode, count: number): Promise<boolean> => {
  const lines = (await node.command('CLUSTER', 'NODES')).trim().split('\n');
  return lines.length === count && lines.every((line) => line.includes(' connected'));
};

/** The cluster is whole as this node sees it, and a replica has its master's data. */
export const isInOrder = async (node: GroupNode): Promise<boolean> => {
  if (!(await node.command('CLUSTER', 'INFO')).includes('cluster_state:ok')) return false;
  return (await node.info('role')) === 'master' || (await node.info('master_link_status')) === 'up';
};
