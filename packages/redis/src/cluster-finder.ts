import { askNode, firstAnswer } from './ask-nodes.ts';
import type { DriverOptions } from './driver-options.ts';
import type { MasterFinder } from './master-finder.ts';
import { nameOfNode } from './redis-url.ts';
import type { NodeAddress, RedisAddress } from './redis-url.ts';

interface ClusterView {
  readonly owner: NodeAddress;
  readonly nodes: NodeAddress[];
}

/** Asks any node that it knows who owns the slot of `prefix`. Nodes that join later are learned from the answers. */
export function createClusterFinder(
  address: RedisAddress & { kind: 'cluster' },
  prefix: string,
  access: DriverOptions,
): MasterFinder {
  let known: NodeAddress[] = [...address.nodes];

  const look = async (): Promise<ClusterView> => {
    // Another one first each time: what one node believes is not asked of it alone.
    const [first, ...others] = known;
    if (first !== undefined) known = [...others, first];
    const view = await firstAnswer(known, (node) => viewOf(node, access, prefix));
    known = unique([...view.nodes, ...address.nodes]);
    return view;
  };

  return {
    find: async () => (await look()).owner,
    candidates: async () => {
      const { nodes } = await look();
      // Unlike SLOTS this names replicas that are down or have just come back, too.
      const all = await firstAnswer(known, (node) =>
        askNode(node, access, async (driver) =>
          nodesOfShards(await driver.cluster('SHARDS'), node, address.isTls),
        ),
      );
      return unique([...all, ...nodes]);
    },
    canMove: true,
  };
}

/** Rejects when the cluster is down as this node sees it: cut off from the others it would name itself. */
async function viewOf(node: NodeAddress, access: DriverOptions, prefix: string): Promise<ClusterView> {
  const [info, slot, ranges] = await askNode(node, access, (driver) =>
    Promise.all([driver.cluster('INFO'), driver.cluster('KEYSLOT', prefix), driver.cluster('SLOTS')]),
  );
  if (!/^cluster_state:ok/m.test(info)) throw new Error(`the cluster is down as ${nameOfNode(node)} sees it`);
  const entries = (ranges as unknown[][]).map(([from, to, ...servers]) => ({
    hasSlot: Number(from) <= slot && slot <= Number(to),
    servers: (servers as unknown[][]).map((server) => toAddress(server, node)),
  }));
  const owner = entries.find(({ hasSlot }) => hasSlot)?.servers[0];
  if (owner === undefined) throw new Error(`nobody owns slot ${slot} as ${nameOfNode(node)} sees it`);
  return { owner, nodes: unique(entries.flatMap(({ servers }) => servers)) };
}

function nodesOfShards(shards: unknown, asked: NodeAddress, isTls: boolean): NodeAddress[] {
  return (shards as unknown[][]).flatMap((shard) =>
    (fieldOf(shard, 'nodes') as unknown[][]).map((node) =>
      toAddress([fieldOf(node, 'endpoint'), fieldOf(node, isTls ? 'tls-port' : 'port')], asked),
    ),
  );
}

function fieldOf(reply: unknown[], name: string): unknown {
  return reply[reply.indexOf(name) + 1];
}

/** A node that does not know its own address is where it was reached. */
function toAddress([host, port]: unknown[], asked: NodeAddress): NodeAddress {
  const isNamed = typeof host === 'string' && host !== '' && host !== '?';
  return { host: isNamed ? host : asked.host, port: Number(port) };
}

function unique(nodes: readonly NodeAddress[]): NodeAddress[] {
  return [...new Map(nodes.map((node) => [nameOfNode(node), node])).values()];
}
