import type { HistoryIndex } from '../history-index.ts';
import type { PlacesRecord } from '../records.ts';

const PLACES = ['ready', 'inflight', 'held', 'mailbox'] as const;

/** ready + inflight + held + mailbox = what was accepted and has not ended: every task is in exactly one place. */
export function checkPlaces({ records }: HistoryIndex): string[] {
  return records.flatMap((record) => (record.kind === 'places' ? checkLook(record) : []));
}

function checkLook(look: PlacesRecord): string[] {
  const found: string[] = [];
  const places = new Map<string, string[]>();
  for (const place of PLACES) {
    for (const id of look[place]) places.set(id, [...(places.get(id) ?? []), place]);
  }
  const tasks = new Set(look.tasks);
  for (const id of tasks) if (!places.has(id)) found.push(`task ${id} is nowhere`);
  for (const [id, where] of places) {
    if (!tasks.has(id)) found.push(`${id} is in ${where.join(', ')} and has no task`);
    if (where.length > 1) found.push(`task ${id} is in ${where.length} places: ${where.join(', ')}`);
  }
  return found;
}
