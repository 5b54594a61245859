import type { EventStatus } from '@switchyard/protocol';
import type { StepView } from './conversation-view.ts';

const OPEN: ReadonlySet<EventStatus> = new Set(['started', 'running']);

/** `search_documents` -> `Search documents`, for a step whose author gave no title. */
export function titleOfStep(name: string): string {
  const words = name.replace(/[._-]+/g, ' ').trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export interface StepEvent {
  name: string;
  status: EventStatus;
  title?: string | undefined;
  /** Epoch milliseconds. */
  ts: number;
  data?: Readonly<Record<string, unknown>> | undefined;
}

/** A step event into the list: the first of a name adds a step, later ones change it in its place (as history does). */
export function applyStep(steps: readonly StepView[], event: StepEvent): readonly StepView[] {
  const { name, status, title, ts, data } = event;
  const endedAt = OPEN.has(status) ? undefined : ts;
  const index = steps.findLastIndex((step) => step.name === name);
  const known = steps[index];
  if (known === undefined)
    return [...steps, { name, title: title ?? titleOfStep(name), status, startedAt: ts, endedAt, data }];
  return steps.with(index, {
    ...known,
    title: title ?? known.title,
    status,
    endedAt,
    data: data ?? known.data,
  });
}
