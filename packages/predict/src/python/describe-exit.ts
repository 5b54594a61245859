import { constants } from 'node:os';

/** What a shell, and bubblewrap, adds to the number of the signal that ended a process inside. */
const SIGNAL_BASE = 128;
/** What the shell before a host ends with where there is no such program. */
const NOT_FOUND = 127;

/** How a host ended, for whoever waits for its predictions. Around a sandbox the process that is seen is the sandbox's. */
export function describeExit(
  code: number | null,
  signal: NodeJS.Signals | null,
  isContained: boolean,
): string {
  const inside = isContained && code !== null ? signalOf(code - SIGNAL_BASE) : undefined;
  const ended = signal ?? inside;
  if (code === NOT_FOUND) return 'it ended with exit code 127, as where a program is not installed';
  return ended === undefined ? `it ended by itself with exit code ${code ?? 0}` : `it was ended by ${ended}`;
}

/** Why a host did not start at all. */
export function describeStartError(program: string, error: Error): string {
  const isMissing = 'code' in error && error.code === 'ENOENT';
  return isMissing ? `${program} is not installed here` : `it cannot be started: ${error.message}`;
}

function signalOf(number: number): string | undefined {
  return Object.entries(constants.signals).find(([, value]) => value === number)?.[0];
}
