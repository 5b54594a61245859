import type { FleetMember } from '@switchyard/testkit';
import { pause } from './fault.ts';

const TRIES = 120;
const PAUSE_MS = 500;

/** Starts a member until it stands, as a supervisor does: its stores may be away while it starts. */
export const revive = async (member: FleetMember, note: (line: string) => void): Promise<void> => {
  for (let left = TRIES; member.current() === undefined; left -= 1) {
    try {
      await member.start();
    } catch (error) {
      const [words = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
      note(`${member.name} did not start: ${words}`);
      if (left === 0) throw error;
      await pause(PAUSE_MS);
    }
  }
};
