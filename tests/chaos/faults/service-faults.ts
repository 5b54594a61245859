import { MEMBERS } from '../members.ts';
import type { Fault } from './fault.ts';
import { revive } from './revive.ts';

const holds = (target: string): readonly string[] => [target];

/** The machine loses a process at any instruction. */
export const killService: Fault = {
  name: 'service-killed',
  targets: MEMBERS,
  holds,
  lastsMs: [100, 4000],
  begin: async ({ arena, target, note }) => {
    const member = arena.fleet.member(target);
    await member.kill();
    return () => revive(member, note);
  },
};

/** An upgrade: SIGTERM, drain, another life. */
export const restartService: Fault = {
  name: 'service-restarted',
  targets: MEMBERS,
  holds,
  lastsMs: [0, 500],
  begin: async ({ arena, target, note }) => {
    const member = arena.fleet.member(target);
    await member.stop();
    return () => revive(member, note);
  },
};

/** A pause of the whole process, mostly longer than a lease: it wakes up in a world that has given it up. */
export const freezeService: Fault = {
  name: 'service-frozen',
  targets: MEMBERS,
  holds,
  lastsMs: [500, 9000],
  begin: async ({ arena, target, note }) => {
    const member = arena.fleet.member(target);
    const pid = member.current()?.identity.pid;
    if (pid === undefined) return () => revive(member, note);
    process.kill(pid, 'SIGSTOP');
    return async () => {
      if (member.current()?.identity.pid === pid) process.kill(pid, 'SIGCONT');
      await revive(member, note);
    };
  },
};
