import { INGRESSES, MEMBERS } from '../members.ts';
import type { Arena } from '../arena.ts';
import type { MemberName } from '../members.ts';
import type { RoadMode, TcpProxy } from '../tcp-proxy.ts';
import type { Fault, Site, Undo } from './fault.ts';

/** `proc-1 to redis`, `clients to ingress-2`. */
const TARGETS = [
  ...MEMBERS.flatMap((member) => [`${member} to redis`, `${member} to postgres`]),
  ...INGRESSES.map((member) => `clients to ${member}`),
];

const roadOf = (arena: Arena, target: string): TcpProxy => {
  const [from = '', , to = ''] = target.split(' ');
  const front = arena.fronts.find(({ member }) => from === 'clients' && member.name === to);
  if (front !== undefined) return front.open;
  return arena.roads[from as MemberName][to === 'redis' ? 'redis' : 'postgres'];
};

const base = { targets: TARGETS, holds: (target: string): readonly string[] => [target] };

const setFor = ({ arena, target }: Site, mode: RoadMode, after?: (road: TcpProxy) => void): Undo => {
  const road = roadOf(arena, target);
  road.set(mode);
  return () => {
    after?.(road);
    road.set({ kind: 'pass' });
    return Promise.resolve();
  };
};

export const slowRoad: Fault = {
  ...base,
  name: 'road-slow',
  lastsMs: [2000, 8000],
  begin: (site) => Promise.resolve(setFor(site, { kind: 'slow', delayMs: site.random.between(20, 600) })),
};

/** Half-open: connections are taken and nothing is answered, until they are reset. */
export const deadRoad: Fault = {
  ...base,
  name: 'road-half-open',
  lastsMs: [1000, 9000],
  begin: (site) => Promise.resolve(setFor(site, { kind: 'hold' }, (road) => road.reset())),
};

/** The same, and at its end everything that was sent arrives: old commands at a server that has gone on. */
export const lateRoad: Fault = {
  ...base,
  name: 'road-late',
  lastsMs: [1000, 9000],
  begin: (site) => Promise.resolve(setFor(site, { kind: 'hold' })),
};

export const crawlingRoad: Fault = {
  ...base,
  name: 'road-a-byte-a-second',
  lastsMs: [2000, 6000],
  begin: (site) => Promise.resolve(setFor(site, { kind: 'trickle', bytesPerSecond: 1 })),
};

export const cutRoad: Fault = {
  ...base,
  name: 'road-cut-in-mid-frame',
  lastsMs: [100, 1000],
  begin: async ({ arena, target, random }) => {
    await roadOf(arena, target).cutInMidFrame(random.between(50, 500));
    return () => Promise.resolve();
  },
};
