import { PROCS } from '../members.ts';
import { findHosts } from '../find-hosts.ts';
import type { Fault, Site } from './fault.ts';

const pickHost = ({ arena, target, random, note }: Site): number | undefined => {
  const pid = arena.fleet.member(target).current()?.identity.pid;
  const hosts = pid === undefined ? [] : findHosts(pid);
  if (hosts.length === 0) note(`${target} has no host now`);
  return hosts.length === 0 ? undefined : random.pick(hosts);
};

const signal = (pid: number | undefined, name: NodeJS.Signals): void => {
  try {
    if (pid !== undefined) process.kill(pid, name);
  } catch {
    // it ended in between
  }
};

const holds = (target: string): readonly string[] => [`hosts of ${target}`];

export const killHost: Fault = {
  name: 'host-killed',
  targets: PROCS,
  holds,
  lastsMs: [100, 1000],
  begin: (site) => {
    signal(pickHost(site), 'SIGKILL');
    return Promise.resolve(() => Promise.resolve());
  },
};

/** Longer than a host may be silent, sometimes: then it is killed, and its turns fail. */
export const freezeHost: Fault = {
  name: 'host-frozen',
  targets: PROCS,
  holds,
  lastsMs: [1000, 14_000],
  begin: (site) => {
    const pid = pickHost(site);
    signal(pid, 'SIGSTOP');
    return Promise.resolve(() => {
      signal(pid, 'SIGCONT');
      return Promise.resolve();
    });
  },
};
