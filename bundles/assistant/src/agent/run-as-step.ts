import type { AgentTurn } from './agent-turn.ts';

const MAX_TITLE = 120;

export interface ToolStep {
  turn: Pick<AgentTurn, 'step' | 'signal'>;
  /** Of the tool and its call. */
  name: string;
  title: string;
  data: Record<string, unknown>;
  /** Milliseconds, monotonic. */
  now: () => number;
}

/** Runs a call of a tool as a step of the turn, with its time. */
export async function runAsStep(
  { turn, name, title, data, now }: ToolStep,
  run: () => Promise<{ output: unknown; done: string }>,
): Promise<unknown> {
  const startedAt = now();
  const timed = () => ({ ...data, ms: Math.round(now() - startedAt) });
  await turn.step(name, { status: 'started', title, data });
  try {
    const { output, done } = await run();
    await turn.step(name, { status: 'completed', title: done, data: timed() });
    return output;
  } catch (error) {
    // A step of a turn that was cancelled has nobody to tell.
    turn.signal.throwIfAborted();
    await turn.step(name, { status: 'error', title, data: timed() });
    throw error;
  }
}

/** One line, short enough for a title. */
export function clip(text: string): string {
  const line = text.replaceAll(/\s+/gu, ' ').trim();
  return line.length <= MAX_TITLE ? line : `${line.slice(0, MAX_TITLE)}…`;
}
