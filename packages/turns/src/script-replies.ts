import { isCode } from './script-result.ts';
import type { ScriptCode } from './script-result.ts';

export interface RawTask {
  readonly taskId: string;
  readonly fence: string;
  readonly attempts: number;
  readonly isNewConversation: boolean;
  readonly lane: string;
  readonly payload: string;
  /** Only of suspects: the fence of its started marker; empty: it was not started. */
  readonly startedFence: string;
}
export interface Coded {
  readonly code: ScriptCode;
}
export interface Closed extends Coded {
  readonly promotedTaskId: string;
  readonly droppedTurnIds: readonly string[];
}
export interface EnqueueReply extends Coded {
  /** Raw words after the code, as the script's header says. */
  readonly words: readonly string[];
}

export function words(reply: unknown): readonly unknown[] {
  if (!Array.isArray(reply)) throw new TypeError('a script answered something that is no list');
  return reply;
}

export function codeOf(reply: unknown): ScriptCode {
  const code = words(reply)[0];
  if (!isCode(code)) throw new TypeError(`a script answered an unknown code: ${String(code)}`);
  return code;
}

export const coded = (reply: unknown): Coded => ({ code: codeOf(reply) });

function rawTask(item: unknown): RawTask {
  const [taskId, fence, attempts, created, lane, payload, started] = words(item);
  return {
    taskId: String(taskId),
    fence: String(fence),
    attempts: Number(attempts),
    isNewConversation: created === '1',
    lane: String(lane),
    payload: String(payload),
    startedFence: wordOf(started),
  };
}

export function closed(reply: unknown): Closed {
  const [, promoted, ...dropped] = words(reply);
  return { code: codeOf(reply), promotedTaskId: wordOf(promoted), droppedTurnIds: dropped.map(String) };
}

/** An item of a reply that may be absent. */
export function wordOf(item: unknown): string {
  return typeof item === 'string' || typeof item === 'number' ? String(item) : '';
}

/** The tasks in a reply, after its first items. */
export const tasksAfter =
  (skip: number) =>
  (reply: unknown): RawTask[] =>
    words(reply).slice(skip).map(rawTask);
